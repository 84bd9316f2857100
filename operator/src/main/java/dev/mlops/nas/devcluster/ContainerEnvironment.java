package dev.mlops.nas.devcluster;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarSource;
import io.fabric8.kubernetes.api.model.Pod;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The environment that a pod's manifest gives to a container: {@code envFrom}, {@code env} and {@code $(NAME)} references. */
final class ContainerEnvironment {
    private static final Pattern REFERENCE = Pattern.compile("\\$(?:\\$|\\(([\\w.-]+)\\))");
    private static final String REASON = "CreateContainerConfigError";

    private final Pod pod;
    private final PodSources sources;
    private final int cores;

    ContainerEnvironment(Pod pod, PodSources sources, int cores) {
        this.pod = pod;
        this.sources = sources;
        this.cores = cores;
    }

    /** All variables of a container. */
    Map<String, String> of(Container container) throws NotReadyException {
        var variables = new LinkedHashMap<String, String>();
        for (var from : container.getEnvFrom()) {
            var prefix = Optional.ofNullable(from.getPrefix()).orElse("");
            if (from.getConfigMapRef() != null) {
                var ref = from.getConfigMapRef();
                addAll(variables, prefix, configMap(ref.getName(), ref.getOptional()));
            }
            if (from.getSecretRef() != null) {
                var ref = from.getSecretRef();
                addAll(variables, prefix, secret(ref.getName(), ref.getOptional()));
            }
        }
        for (var variable : container.getEnv()) {
            var value = value(container, variable, variables);
            if (value != null) {
                variables.put(variable.getName(), value);
            }
        }
        return variables;
    }

    /** Replaces {@code $(NAME)} by the variable's value and {@code $$} by a dollar; unknown names stay. */
    static String expand(String text, Map<String, String> variables) {
        return REFERENCE.matcher(text).replaceAll(match -> {
            var name = match.group(1);
            return Matcher.quoteReplacement(name == null ? "$" : variables.getOrDefault(name, match.group()));
        });
    }

    private @Nullable String value(Container container, EnvVar variable, Map<String, String> before)
            throws NotReadyException {
        var from = variable.getValueFrom();
        return from == null
                ? expand(Optional.ofNullable(variable.getValue()).orElse(""), before)
                : value(container, variable.getName(), from);
    }

    private @Nullable String value(Container container, String name, EnvVarSource from) throws NotReadyException {
        if (from.getFieldRef() != null) {
            return PodFields.field(pod, from.getFieldRef().getFieldPath());
        }
        if (from.getResourceFieldRef() != null) {
            return PodFields.resource(container, from.getResourceFieldRef(), cores);
        }
        if (from.getConfigMapKeyRef() != null) {
            var ref = from.getConfigMapKeyRef();
            return key(configMap(ref.getName(), ref.getOptional()), ref.getKey(), ref.getOptional(), ref.getName());
        }
        if (from.getSecretKeyRef() != null) {
            var ref = from.getSecretKeyRef();
            return key(secret(ref.getName(), ref.getOptional()), ref.getKey(), ref.getOptional(), ref.getName());
        }
        throw new NotReadyException(
                REASON, "the source of the environment variable " + name + " is not supported here");
    }

    private static @Nullable String key(
            Map<String, byte[]> contents, String key, @Nullable Boolean optional, String name)
            throws NotReadyException {
        var value = contents.get(key);
        if (value == null && !Boolean.TRUE.equals(optional)) {
            throw new NotReadyException(REASON, "couldn't find key " + key + " in " + name);
        }
        return value == null ? null : new String(value, StandardCharsets.UTF_8);
    }

    private Map<String, byte[]> configMap(String name, @Nullable Boolean optional) throws NotReadyException {
        return contents(sources.configMap(name, UnaryOperator.identity()), "configmap", name, optional);
    }

    private Map<String, byte[]> secret(String name, @Nullable Boolean optional) throws NotReadyException {
        return contents(sources.secret(name), "secret", name, optional);
    }

    private static Map<String, byte[]> contents(
            Optional<Map<String, byte[]>> found, String kind, String name, @Nullable Boolean optional)
            throws NotReadyException {
        if (found.isEmpty() && !Boolean.TRUE.equals(optional)) {
            throw new NotReadyException(REASON, kind + " \"" + name + "\" not found");
        }
        return found.orElse(Map.of());
    }

    private static void addAll(Map<String, String> variables, String prefix, Map<String, byte[]> contents) {
        contents.forEach((key, value) -> variables.put(prefix + key, new String(value, StandardCharsets.UTF_8)));
    }
}
