package dev.mlops.nas.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.generator.annotation.Size;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceColumnDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** What the CRD generator leaves out: columns in the order of the annotations, descriptions from the javadoc, whole defaults. */
final class CrdPolish {
    private final Class<?> kind;
    private final Javadoc javadoc;

    CrdPolish(Class<?> kind, Javadoc javadoc) {
        this.kind = kind;
        this.javadoc = javadoc;
    }

    CustomResourceDefinition polish(CustomResourceDefinition crd) {
        List<String> order = Arrays.stream(kind.getAnnotationsByType(AdditionalPrinterColumn.class))
                .map(AdditionalPrinterColumn::name)
                .toList();
        crd.getSpec().getVersions().forEach(version -> {
            version.getAdditionalPrinterColumns()
                    .sort(Comparator.comparing(
                            CustomResourceColumnDefinition::getName, Comparator.comparingInt(order::indexOf)));
            JSONSchemaProps root = version.getSchema().getOpenAPIV3Schema();
            root.setDescription(javadoc.ofType(kind));
            var types = ((ParameterizedType) kind.getGenericSuperclass()).getActualTypeArguments();
            describe(root.getProperties().get("spec"), types[0], javadoc.ofType((Class<?>) types[0]));
            describe(root.getProperties().get("status"), types[1], javadoc.ofType((Class<?>) types[1]));
            root.setRequired(List.of("spec"));
            structure(root);
        });
        return crd;
    }

    private void describe(JSONSchemaProps schema, Type type, String description) {
        if (description != null) {
            schema.setDescription(description);
        }
        Class<?> raw = type instanceof ParameterizedType generic ? (Class<?>) generic.getRawType() : (Class<?>) type;
        if (raw == List.class && schema.getItems() != null) {
            Type item = ((ParameterizedType) type).getActualTypeArguments()[0];
            describe(schema.getItems().getSchema(), item, meaning(item));
            open(schema.getItems().getSchema(), item);
        } else if (raw == Map.class && schema.getAdditionalProperties() != null) {
            Type value = ((ParameterizedType) type).getActualTypeArguments()[1];
            describe(schema.getAdditionalProperties().getSchema(), value, meaning(value));
        } else if (raw.isRecord()) {
            for (RecordComponent component : raw.getRecordComponents()) {
                JSONSchemaProps field = schema.getProperties().get(written(component));
                bound(field, component);
                describe(field, component.getGenericType(), javadoc.ofComponent(raw, component.getName()));
            }
        }
    }

    private String meaning(Type type) {
        return type instanceof Class<?> record && record.isRecord() ? javadoc.ofType(record) : null;
    }

    /** The field's name in YAML. */
    private static String written(RecordComponent component) {
        JsonProperty name = component.getAccessor().getAnnotation(JsonProperty.class);
        return name == null ? component.getName() : name.value();
    }

    /** A value of any type: the generator takes it for an object. */
    private static void open(JSONSchemaProps schema, Type type) {
        if (type == JsonNode.class) {
            schema.setType(null);
            schema.setXKubernetesPreserveUnknownFields(true);
        }
    }

    /** The generator bounds texts, lists and maps, but not the text of an int-or-string. */
    private static void bound(JSONSchemaProps field, RecordComponent component) {
        Size size = component.getAccessor().getAnnotation(Size.class);
        if (size != null && component.getType() == IntOrString.class) {
            field.setMinLength(size.min());
            field.setMaxLength(size.max());
        }
    }

    private static void structure(JSONSchemaProps schema) {
        if (hasRules(schema)) {
            // The generator finds a record component's annotations twice, on the field and on the accessor.
            schema.setXKubernetesValidations(
                    schema.getXKubernetesValidations().stream().distinct().toList());
        }
        if (Boolean.TRUE.equals(schema.getXKubernetesPreserveUnknownFields())) {
            // A schema for the values would make the API server drop what lies deeper.
            schema.setAdditionalProperties(null);
        }
        if (schema.getProperties() != null) {
            schema.getProperties().values().forEach(CrdPolish::structure);
            keyConditions(schema.getProperties().get("conditions"));
        }
        if (schema.getItems() != null) {
            structure(schema.getItems().getSchema());
        }
        if (schema.getAdditionalProperties() != null) {
            structure(schema.getAdditionalProperties().getSchema());
        }
        if (schema.getDefault() instanceof ObjectNode written && hasRules(schema)) {
            // The API server holds a default against the rules before it fills in the defaults inside.
            complete(written, schema.getProperties());
        }
    }

    private static boolean hasRules(JSONSchemaProps schema) {
        return schema.getXKubernetesValidations() != null
                && !schema.getXKubernetesValidations().isEmpty();
    }

    private static void complete(ObjectNode written, Map<String, JSONSchemaProps> fields) {
        fields.forEach((name, field) -> {
            JsonNode standard = field.getDefault();
            if (standard != null && !written.has(name)) {
                written.set(name, standard.deepCopy());
            }
            if (written.get(name) instanceof ObjectNode inner && field.getProperties() != null) {
                complete(inner, field.getProperties());
            }
        });
    }

    /** Conditions are one per type, also for server-side apply. */
    private static void keyConditions(JSONSchemaProps conditions) {
        if (conditions != null && conditions.getItems() != null) {
            conditions.setXKubernetesListType("map");
            conditions.setXKubernetesListMapKeys(List.of("type"));
            conditions.getItems().getSchema().setRequired(List.of("status", "type"));
        }
    }
}
