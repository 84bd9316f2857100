package dev.mlops.nas.devcluster;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceFieldSelector;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The downward API: what a pod may read of itself. */
final class PodFields {
    /** The value of a field path such as {@code metadata.labels['app']}. */
    static String field(Pod pod, String path) throws NotReadyException {
        var meta = pod.getMetadata();
        return switch (path) {
            case "metadata.name" -> meta.getName();
            case "metadata.namespace" -> meta.getNamespace();
            case "metadata.uid" -> meta.getUid();
            case "metadata.labels" -> lines(meta.getLabels());
            case "metadata.annotations" -> lines(meta.getAnnotations());
            case "spec.nodeName" ->
                Optional.ofNullable(pod.getSpec().getNodeName()).orElse("");
            case "spec.serviceAccountName" ->
                Optional.ofNullable(pod.getSpec().getServiceAccountName()).orElse("default");
            case "status.podIP", "status.hostIP", "status.podIPs", "status.hostIPs" -> "127.0.0.1";
            default -> entry(pod, path);
        };
    }

    /** A request or limit of a container, in units of the divisor, rounded up; the machine's cores or memory where none is set. */
    static String resource(Container container, ResourceFieldSelector selector, int cores) throws NotReadyException {
        var parts = List.of(selector.getResource().split("\\.", 2));
        var resources = container.getResources();
        var table = resources == null
                ? null
                : "limits".equals(parts.getFirst()) ? resources.getLimits() : resources.getRequests();
        var quantity = table == null ? null : table.get(parts.getLast());
        var amount = quantity != null
                ? quantity.getNumericalAmount()
                : switch (parts.getLast()) {
                    case "cpu" -> BigDecimal.valueOf(cores);
                    case "memory" -> BigDecimal.valueOf(Runtime.getRuntime().maxMemory());
                    default ->
                        throw new NotReadyException(
                                "CreateContainerConfigError",
                                "resourceFieldRef " + selector.getResource() + " is not set");
                };
        var divisor = Optional.ofNullable(selector.getDivisor())
                .map(Quantity::getNumericalAmount)
                .filter(value -> value.signum() > 0)
                .orElse(BigDecimal.ONE);
        return amount.divide(divisor, 0, RoundingMode.CEILING).toPlainString();
    }

    private static String entry(Pod pod, String path) throws NotReadyException {
        for (var table : List.of("labels", "annotations")) {
            var start = "metadata." + table + "['";
            if (path.startsWith(start) && path.endsWith("']")) {
                var values = table.equals("labels")
                        ? pod.getMetadata().getLabels()
                        : pod.getMetadata().getAnnotations();
                var key = path.substring(start.length(), path.length() - 2);
                return values == null ? "" : values.getOrDefault(key, "");
            }
        }
        throw new NotReadyException("CreateContainerConfigError", "fieldRef " + path + " is not supported here");
    }

    private static String lines(Map<String, String> values) {
        return values == null
                ? ""
                : values.entrySet().stream()
                        .map(e -> e.getKey() + "=\"" + e.getValue() + "\"")
                        .sorted()
                        .collect(Collectors.joining("\n"));
    }

    private PodFields() {}
}
