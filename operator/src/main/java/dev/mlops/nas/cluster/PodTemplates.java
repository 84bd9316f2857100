package dev.mlops.nas.cluster;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mlops.nas.api.NasApi;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Lays a user's pod template over the operator's, as {@code kubectl patch --type strategic} would: objects field by field,
 * lists of named things (containers, volumes, variables) entry by entry, other lists as a whole; null removes a default.
 */
final class PodTemplates {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** @throws TemplateException if the result is no pod template */
    static PodTemplateSpec merge(PodTemplateSpec basis, @Nullable Map<String, Object> template) {
        if (template == null) {
            return basis;
        }
        ObjectNode merged = JSON.valueToTree(basis);
        overlay(merged, JSON.valueToTree(template));
        try {
            PodTemplateSpec pod = JSON.treeToValue(merged, PodTemplateSpec.class);
            refuseUnknown("spec.trainer.template", pod.getAdditionalProperties());
            refuseUnknown("spec.trainer.template.spec", pod.getSpec().getAdditionalProperties());
            if (pod.getSpec().getContainers().stream().noneMatch(c -> NasApi.TRAINER_CONTAINER.equals(c.getName()))) {
                throw new TemplateException(
                        "spec.trainer.template.spec.containers must name its containers; the trainer's is %s"
                                .formatted(NasApi.TRAINER_CONTAINER));
            }
            return pod;
        } catch (JsonProcessingException e) {
            throw new TemplateException(
                    "spec.trainer.template is not a PodTemplateSpec: %s".formatted(e.getOriginalMessage()));
        }
    }

    private static void refuseUnknown(String field, Map<String, Object> unknown) {
        if (!unknown.isEmpty()) {
            throw new TemplateException("%s holds %s, which a PodTemplateSpec does not have"
                    .formatted(field, String.join(", ", unknown.keySet())));
        }
    }

    private static void overlay(ObjectNode basis, JsonNode over) {
        over.properties().forEach(field -> {
            JsonNode below = basis.get(field.getKey());
            JsonNode value = field.getValue();
            if (value.isNull()) {
                basis.remove(field.getKey());
            } else if (below instanceof ObjectNode object && value.isObject()) {
                overlay(object, value);
            } else if (below instanceof ArrayNode list && named(list) && named(value)) {
                overlayByName(list, (ArrayNode) value);
            } else {
                basis.set(field.getKey(), value);
            }
        });
    }

    private static void overlayByName(ArrayNode basis, ArrayNode over) {
        for (JsonNode entry : over) {
            ObjectNode below = null;
            for (JsonNode candidate : basis) {
                if (candidate.get("name").equals(entry.get("name"))) {
                    below = (ObjectNode) candidate;
                }
            }
            if (below == null) {
                basis.add(entry);
            } else {
                overlay(below, entry);
            }
        }
    }

    private static boolean named(JsonNode list) {
        if (!list.isArray()) {
            return false;
        }
        for (JsonNode entry : list) {
            if (!entry.isObject() || !entry.has("name")) {
                return false;
            }
        }
        return true;
    }

    private PodTemplates() {}
}
