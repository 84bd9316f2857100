package dev.mlops.nas.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** What the benchmarks' options have in common. */
final class Checks {
    static void positive(String option, int value) throws BenchException {
        if (value < 1) {
            throw new BenchException("%s is %d: give 1 or more".formatted(option, value));
        }
    }

    /** Makes sure before anything runs that the results can be written. */
    static void writable(@Nullable Path json) throws BenchException {
        if (json != null) {
            Path folder = json.toAbsolutePath().getParent();
            if (folder == null || !Files.isDirectory(folder)) {
                throw new BenchException("--json is %s, whose folder does not exist".formatted(json));
            }
        }
    }

    static void write(Object document, Path json) throws BenchException {
        try {
            new ObjectMapper()
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                    .writeValue(json.toFile(), document);
        } catch (IOException failed) {
            throw new BenchException("%s: cannot be written: %s".formatted(json, failed.getMessage()));
        }
    }

    private Checks() {}
}
