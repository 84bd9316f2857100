package dev.mlops.nas.cli;

import dev.mlops.nas.local.BadInputException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A program beside the built-in trainer that prints its answer. */
final class TrainerProgram {
    private TrainerProgram() {}

    /**
     * Runs it and hands on what it prints.
     *
     * @throws BadInputException with its last words when it fails
     */
    static void print(List<String> words, PrintWriter out) throws IOException, InterruptedException {
        Path errors = Files.createTempFile("nas-program", ".log");
        try {
            var process =
                    new ProcessBuilder(words).redirectError(errors.toFile()).start();
            try (var output = process.inputReader()) {
                output.lines().forEach(out::println);
            }
            out.flush();
            if (process.waitFor() != 0) {
                throw new BadInputException(Files.readString(errors)
                        .lines()
                        .reduce((a, b) -> b)
                        .orElse("the program ended with %d".formatted(process.exitValue())));
            }
        } finally {
            Files.delete(errors);
        }
    }
}
