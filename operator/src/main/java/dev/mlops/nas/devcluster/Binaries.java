package dev.mlops.nas.devcluster;

import io.fabric8.kubeapitest.KubeAPIServerConfigBuilder;
import io.fabric8.kubeapitest.binary.BinaryManager;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The programs of a control plane, as executable files.
 *
 * <p>Each is taken from the first of these that has it: the folder in {@code KUBEBUILDER_ASSETS}; the cache
 * {@code ~/.cache/nas-kubernetes} ({@code bin}, or {@code k8s/<version>-<os>-<arch>} as kube-api-test lays it out); a download by
 * Fabric8's kube-api-test, which has no kube-controller-manager; {@code operator/control-plane/build.sh}, which compiles it.
 */
record Binaries(Path etcd, Path apiServer, Path controllerManager) {
    /** Kubernetes minor version that is downloaded or compiled. */
    static final String MINOR = "1.35";

    private static final String ETCD = "etcd";
    private static final String API_SERVER = "kube-apiserver";
    private static final String CONTROLLER_MANAGER = "kube-controller-manager";
    private static final List<String> ALL = List.of(ETCD, API_SERVER, CONTROLLER_MANAGER);
    private static final int DOWNLOAD_MINUTES = 5;

    /**
     * Finds the programs, and where some are missing downloads or compiles them, which may take minutes.
     *
     * @param progress gets a line for the user at each step that takes time
     * @throws DevClusterException if a program can neither be found nor made; says what to install
     */
    static Binaries find(Installation installation, Map<String, String> environment, Consumer<String> progress) {
        var cache = Path.of(System.getProperty("user.home"), ".cache", "nas-kubernetes");
        var folders = new ArrayList<Path>();
        Optional.ofNullable(environment.get("KUBEBUILDER_ASSETS")).map(Path::of).ifPresent(folders::add);
        folders.add(cache.resolve("bin"));
        folders.addAll(downloads(cache));
        var missing = missing(folders);
        if (missing.contains(ETCD) || missing.contains(API_SERVER)) {
            download(cache, progress);
            folders.addAll(downloads(cache));
            missing = missing(folders);
            if (missing.equals(List.of(CONTROLLER_MANAGER))) {
                progress.accept("the download has no kube-controller-manager, without which no Job runs: compiling it");
            }
        }
        if (!missing.isEmpty()) {
            compile(installation, cache.resolve("bin"), missing, progress);
        }
        return new Binaries(locate(folders, ETCD), locate(folders, API_SERVER), locate(folders, CONTROLLER_MANAGER));
    }

    private static List<String> missing(List<Path> folders) {
        return ALL.stream().filter(name -> search(folders, name) == null).toList();
    }

    private static @Nullable Path search(List<Path> folders, String name) {
        return folders.stream()
                .map(folder -> folder.resolve(name))
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
    }

    private static Path locate(List<Path> folders, String name) {
        var found = search(folders, name);
        if (found == null) {
            throw new DevClusterException(name + " was built but is in none of " + folders);
        }
        return found;
    }

    private static List<Path> downloads(Path cache) {
        var folder = cache.resolve("k8s");
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(entry -> entry.getFileName().toString().startsWith(MINOR + "."))
                    .toList();
        } catch (IOException e) {
            throw new DevClusterException("cannot read " + folder, e);
        }
    }

    private static void download(Path cache, Consumer<String> progress) {
        progress.accept("downloading kube-apiserver and etcd " + MINOR);
        var config = KubeAPIServerConfigBuilder.anAPIServerConfig()
                .withTestDir(cache.toString())
                .withApiServerVersion(MINOR + ".*")
                .build();
        var download = CompletableFuture.runAsync(
                () -> new BinaryManager(config).initAndDownloadIfRequired(),
                task -> Thread.ofVirtual().name("download").start(task));
        try {
            download.get(DOWNLOAD_MINUTES, TimeUnit.MINUTES);
        } catch (ExecutionException | TimeoutException e) {
            var reason = e instanceof TimeoutException ? "no answer in " + DOWNLOAD_MINUTES + " minutes" : cause(e);
            progress.accept("the download did not work (" + reason + "): compiling instead");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DevClusterException("interrupted while downloading kube-apiserver", e);
        }
    }

    private static String cause(Throwable e) {
        var deepest = e;
        while (deepest.getCause() != null) {
            deepest = deepest.getCause();
        }
        return deepest.getMessage() == null ? deepest.getClass().getSimpleName() : deepest.getMessage();
    }

    private static void compile(
            Installation installation, Path into, List<String> programs, Consumer<String> progress) {
        var command = new ArrayList<>(
                List.of(installation.file("operator/control-plane/build.sh").toString(), into.toString()));
        command.addAll(programs);
        var last = "";
        try {
            var build = new ProcessBuilder(command).redirectErrorStream(true).start();
            build.getOutputStream().close();
            try (var lines =
                    new BufferedReader(new InputStreamReader(build.getInputStream(), StandardCharsets.UTF_8))) {
                for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                    progress.accept(line);
                    last = line;
                }
            }
            if (build.waitFor() != 0) {
                throw new DevClusterException(last);
            }
        } catch (IOException e) {
            throw new DevClusterException("cannot run " + command.getFirst() + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DevClusterException("interrupted while compiling the control plane", e);
        }
    }
}
