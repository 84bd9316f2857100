package dev.mlops.nas.contract;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mlops.nas.api.Javadoc;
import java.io.IOException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The trial contract as JSON Schema (2020-12), for trainers that are not written in Java: made of the records and their javadoc.
 * What is not {@code @Nullable} is required; fields that a schema does not name are allowed, so that the contract can grow.
 */
public final class ContractSchemas {
    private final ObjectMapper mapper = new ObjectMapper();
    private final Javadoc javadoc;

    private ContractSchemas(Javadoc javadoc) {
        this.javadoc = javadoc;
    }

    /** Writes the schemas; {@code sources} is the folder of the records. */
    public static void write(Path sources, Path folder) throws IOException {
        Files.createDirectories(folder);
        var schemas = new ContractSchemas(Javadoc.read(sources));
        schemas.write(TrialFile.class, folder.resolve("trial-file.schema.json"));
        schemas.write(TrialResult.class, folder.resolve("trial-result.schema.json"));
        schemas.write(ScoreFile.class, folder.resolve("score-file.schema.json"));
    }

    private void write(Class<?> type, Path file) throws IOException {
        ObjectNode schema = mapper.createObjectNode();
        schema.put("$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.put("title", type.getSimpleName());
        schema.setAll(record(type));
        String text = mapper.writer(SerializationFeature.INDENT_OUTPUT).writeValueAsString(schema);
        Files.writeString(file, text.replace("\r\n", "\n") + "\n");
    }

    private ObjectNode record(Class<?> type) {
        ObjectNode schema = mapper.createObjectNode();
        schema.put("description", javadoc.ofType(type));
        schema.put("type", "object");
        ObjectNode properties = schema.putObject("properties");
        var required = schema.putArray("required");
        for (RecordComponent component : type.getRecordComponents()) {
            ObjectNode property = value(component.getGenericType());
            String description = javadoc.ofComponent(type, component.getName());
            if (description != null) {
                property.put("description", description);
            }
            if (component.getName().equals("contractVersion")) {
                property.put("const", TrialFile.VERSION);
            }
            properties.set(component.getName(), property);
            if (!component.getAnnotatedType().isAnnotationPresent(Nullable.class)) {
                required.add(component.getName());
            }
        }
        return schema;
    }

    private ObjectNode value(Type type) {
        ObjectNode schema = mapper.createObjectNode();
        if (type instanceof ParameterizedType generic && generic.getRawType() == List.class) {
            schema.put("type", "array");
            schema.set("items", value(generic.getActualTypeArguments()[0]));
            return schema;
        }
        if (type instanceof ParameterizedType generic && generic.getRawType() == Map.class) {
            schema.put("type", "object");
            schema.set("additionalProperties", value(generic.getActualTypeArguments()[1]));
            return schema;
        }
        if (type == String.class) {
            return schema.put("type", "string");
        }
        if (type == boolean.class || type == Boolean.class) {
            return schema.put("type", "boolean");
        }
        if (type == int.class || type == long.class || type == Integer.class) {
            return schema.put("type", "integer");
        }
        if (type == double.class || type == Double.class) {
            return schema.put("type", "number");
        }
        return record((Class<?>) type);
    }
}
