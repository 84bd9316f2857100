package dev.mlops.nas.devcluster;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.DownwardAPIVolumeFile;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A pod's volumes as folders on this machine. They are filled once, before the first container starts: a later change of a
 * ConfigMap or Secret does not reach the pod. Paths into the pod's mounts that stand in a ConfigMap's text are rewritten.
 */
final class PodVolumes {
    private static final String REASON = "FailedMount";
    private static final long DEFAULT_TOKEN_SECONDS = 3600;

    private final Pod pod;
    private final PodSources sources;
    private final Path folder;
    private final Path claims;
    private final int cores;

    /**
     * @param folder of this pod's own volumes
     * @param claims one folder per persistent volume claim of the namespace, which outlives pods
     */
    PodVolumes(Pod pod, PodSources sources, Path folder, Path claims, int cores) {
        this.pod = pod;
        this.sources = sources;
        this.folder = folder;
        this.claims = claims;
        this.cores = cores;
    }

    /** What of a pod this stand-in cannot do, as a sentence; empty where it can do all. */
    static Optional<String> unsupported(Pod pod) {
        return pod.getSpec().getVolumes().stream()
                .filter(volume -> volume.getConfigMap() == null
                        && volume.getSecret() == null
                        && volume.getEmptyDir() == null
                        && volume.getDownwardAPI() == null
                        && volume.getProjected() == null
                        && volume.getHostPath() == null
                        && volume.getPersistentVolumeClaim() == null)
                .findFirst()
                .map(volume -> "volume " + volume.getName()
                        + " is of a kind that the pod runner of nas up does not know; it knows configMap, secret, emptyDir,"
                        + " downwardAPI, projected, hostPath and persistentVolumeClaim");
    }

    /** Makes and fills the folders of all volumes. */
    void fill() throws NotReadyException, IOException {
        var mounts = new LinkedHashMap<String, Path>();
        for (var container : pod.getSpec().getContainers()) {
            mounts.putAll(mounts(container));
        }
        var rewriter = new PathRewriter(mounts);
        for (var volume : pod.getSpec().getVolumes()) {
            var target = location(volume);
            if (volume.getPersistentVolumeClaim() != null
                    && !sources.hasClaim(volume.getPersistentVolumeClaim().getClaimName())) {
                throw new NotReadyException(
                        REASON,
                        "persistentvolumeclaim \""
                                + volume.getPersistentVolumeClaim().getClaimName() + "\" not found");
            }
            if (volume.getHostPath() == null) {
                Files.createDirectories(target);
            } else if (!Files.exists(target)) {
                throw new NotReadyException(REASON, "hostPath " + target + " does not exist on this machine");
            }
            fill(volume, target, rewriter);
        }
    }

    /** Where paths inside a container lie on this machine; after {@link #fill}. */
    Map<String, Path> mounts(Container container) throws NotReadyException {
        var mounts = new LinkedHashMap<String, Path>();
        for (var mount : container.getVolumeMounts()) {
            var volume = pod.getSpec().getVolumes().stream()
                    .filter(v -> v.getName().equals(mount.getName()))
                    .findFirst()
                    .orElseThrow(() -> new NotReadyException(REASON, "there is no volume " + mount.getName()));
            mounts.put(withoutSlash(mount), subPath(location(volume), mount));
        }
        return mounts;
    }

    private static Path subPath(Path volume, VolumeMount mount) throws NotReadyException {
        var sub = Optional.ofNullable(mount.getSubPath()).orElse("");
        var target = volume.resolve(sub).normalize();
        if (!target.startsWith(volume)) {
            throw new NotReadyException(REASON, "subPath " + sub + " leads out of the volume");
        }
        return target;
    }

    private static String withoutSlash(VolumeMount mount) {
        var path = mount.getMountPath();
        return path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    }

    private Path location(Volume volume) {
        if (volume.getHostPath() != null) {
            return Path.of(volume.getHostPath().getPath());
        }
        return volume.getPersistentVolumeClaim() != null
                ? claims.resolve(volume.getPersistentVolumeClaim().getClaimName())
                : folder.resolve(volume.getName());
    }

    private void fill(Volume volume, Path target, PathRewriter rewriter) throws NotReadyException, IOException {
        if (volume.getConfigMap() != null) {
            var source = volume.getConfigMap();
            writeConfigMap(target, source.getName(), source.getItems(), source.getOptional(), rewriter);
        } else if (volume.getSecret() != null) {
            var source = volume.getSecret();
            writeSecret(target, source.getSecretName(), source.getItems(), source.getOptional());
        } else if (volume.getDownwardAPI() != null) {
            writeFields(target, volume.getDownwardAPI().getItems());
        } else if (volume.getProjected() != null) {
            for (var projection : volume.getProjected().getSources()) {
                project(target, projection, rewriter);
            }
        }
    }

    private void project(Path target, VolumeProjection source, PathRewriter rewriter)
            throws NotReadyException, IOException {
        if (source.getConfigMap() != null) {
            var map = source.getConfigMap();
            writeConfigMap(target, map.getName(), map.getItems(), map.getOptional(), rewriter);
        } else if (source.getSecret() != null) {
            var secret = source.getSecret();
            writeSecret(target, secret.getName(), secret.getItems(), secret.getOptional());
        } else if (source.getDownwardAPI() != null) {
            writeFields(target, source.getDownwardAPI().getItems());
        } else if (source.getServiceAccountToken() != null) {
            var token = source.getServiceAccountToken();
            write(
                    target,
                    token.getPath(),
                    sources.token(
                                    Optional.ofNullable(pod.getSpec().getServiceAccountName())
                                            .orElse("default"),
                                    Optional.ofNullable(token.getExpirationSeconds())
                                            .orElse(DEFAULT_TOKEN_SECONDS))
                            .getBytes(StandardCharsets.UTF_8));
        } else {
            throw new NotReadyException(REASON, "a source of a projected volume is not supported by the pod runner");
        }
    }

    private void writeConfigMap(
            Path target, String name, List<KeyToPath> items, @Nullable Boolean optional, PathRewriter rewriter)
            throws NotReadyException, IOException {
        var contents = sources.configMap(name, rewriter::rewrite);
        writeAll(target, contents, "configmap", name, items, optional);
    }

    private void writeSecret(Path target, String name, List<KeyToPath> items, @Nullable Boolean optional)
            throws NotReadyException, IOException {
        writeAll(target, sources.secret(name), "secret", name, items, optional);
    }

    private static void writeAll(
            Path target,
            Optional<Map<String, byte[]>> contents,
            String kind,
            String name,
            List<KeyToPath> items,
            @Nullable Boolean optional)
            throws NotReadyException, IOException {
        var must = !Boolean.TRUE.equals(optional);
        if (contents.isEmpty()) {
            if (must) {
                throw new NotReadyException(REASON, kind + " \"" + name + "\" not found");
            }
            return;
        }
        if (items.isEmpty()) {
            for (var entry : contents.get().entrySet()) {
                write(target, entry.getKey(), entry.getValue());
            }
        }
        for (var item : items) {
            var content = contents.get().get(item.getKey());
            if (content != null) {
                write(target, item.getPath(), content);
            } else if (must) {
                throw new NotReadyException(
                        REASON, kind + " \"" + name + "\" references non-existent config key: " + item.getKey());
            }
        }
    }

    private void writeFields(Path target, List<DownwardAPIVolumeFile> items) throws NotReadyException, IOException {
        for (var item : items) {
            var value = item.getFieldRef() != null
                    ? PodFields.field(pod, item.getFieldRef().getFieldPath())
                    : PodFields.resource(container(item), item.getResourceFieldRef(), cores);
            write(target, item.getPath(), value.getBytes(StandardCharsets.UTF_8));
        }
    }

    private Container container(DownwardAPIVolumeFile item) throws NotReadyException {
        var name = item.getResourceFieldRef().getContainerName();
        return pod.getSpec().getContainers().stream()
                .filter(c -> c.getName().equals(name))
                .findFirst()
                .orElseThrow(() -> new NotReadyException(REASON, "there is no container " + name));
    }

    private static void write(Path folder, String path, byte[] content) throws IOException {
        var file = folder.resolve(path);
        Files.createDirectories(file.getParent());
        Files.write(file, content);
    }
}
