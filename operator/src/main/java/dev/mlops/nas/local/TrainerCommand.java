package dev.mlops.nas.local;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a trainer process is started on this machine: the built-in one, or any program that speaks the trial contract.
 *
 * @param words program and arguments, as {@link ProcessBuilder} takes them
 */
public record TrainerCommand(List<String> words) {
    private static final String TRAINER = "dev.mlops.nas.trainer.Trainer";
    private static final String PREDICTION = "dev.mlops.nas.trainer.Prediction";
    private static final String GENERATION = "dev.mlops.nas.trainer.Generation";

    private static final long MEBIBYTE = 1 << 20;

    /** Copies the words. */
    public TrainerCommand {
        words = List.copyOf(words);
    }

    /**
     * The built-in trainer, on the JDK that runs this program.
     *
     * @param home the folder that holds {@code trainer-image/target}; null where the environment variable NAS_HOME is not set
     * @param memoryBytes what one trainer may use: a quarter as Java heap, the rest outside for tensors
     * @throws BadInputException if the trainer is not built
     */
    public static TrainerCommand builtIn(@Nullable String home, long memoryBytes) {
        return builtIn(home, memoryBytes, TRAINER);
    }

    /** The program beside the built-in trainer that applies a network which it left; it wants the model's folder and a file. */
    public static TrainerCommand prediction(@Nullable String home, long memoryBytes) {
        return builtIn(home, memoryBytes, PREDICTION);
    }

    /** The one that prints the examples of a generator; it wants its address. */
    public static TrainerCommand generation(@Nullable String home, long memoryBytes) {
        return builtIn(home, memoryBytes, GENERATION);
    }

    private static TrainerCommand builtIn(@Nullable String home, long memoryBytes, String mainClass) {
        if (home == null || home.isBlank()) {
            throw new BadInputException(
                    "the built-in trainer is found through the environment variable NAS_HOME, which is not set: start nas by its launcher ./nas, or name a trainer by --trainer");
        }
        Path target = Path.of(home).toAbsolutePath().resolve("trainer-image/target");
        Path jar = target.resolve("nas-trainer.jar");
        if (!Files.isRegularFile(jar)) {
            throw new BadInputException(
                    "the built-in trainer %s does not exist: start nas by its launcher ./nas, which builds it, or name a trainer by --trainer"
                            .formatted(jar));
        }
        long total = Math.max(memoryBytes / MEBIBYTE, 512);
        long heap = Math.max(total / 4, 192);
        return new TrainerCommand(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heap + "m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dorg.bytedeco.javacpp.maxbytes=" + (total - heap) + "m",
                "-Dorg.bytedeco.javacpp.maxphysicalbytes=" + total + "m",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                jar + java.io.File.pathSeparator + target.resolve("lib").resolve("*"),
                mainClass));
    }

    /**
     * A program of the user's own, written as one would in a shell: words apart by blanks, quotes and backslashes keep blanks
     * in a word. No shell runs, so variables and pipes mean nothing.
     *
     * @throws BadInputException if the text holds no word or a quote is left open
     */
    public static TrainerCommand own(String text) {
        var words = new ArrayList<String>();
        var word = new StringBuilder();
        boolean inWord = false;
        char quote = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\' && quote != '\'' && i + 1 < text.length()) {
                word.append(text.charAt(++i));
                inWord = true;
            } else if (quote != 0) {
                if (c == quote) {
                    quote = 0;
                } else {
                    word.append(c);
                }
            } else if (c == '\'' || c == '"') {
                quote = c;
                inWord = true;
            } else if (Character.isWhitespace(c)) {
                if (inWord) {
                    words.add(word.toString());
                    word.setLength(0);
                    inWord = false;
                }
            } else {
                word.append(c);
                inWord = true;
            }
        }
        if (quote != 0) {
            throw new BadInputException("--trainer is \"%s\": the quote %s is left open".formatted(text, quote));
        }
        if (inWord) {
            words.add(word.toString());
        }
        if (words.isEmpty()) {
            throw new BadInputException(
                    "--trainer is empty: give a program, such as --trainer \"python3 my_trainer.py\"");
        }
        return new TrainerCommand(words);
    }

    /** With more arguments at the end, such as {@code --check-data}. */
    public TrainerCommand with(String... arguments) {
        var all = new ArrayList<>(words);
        all.addAll(List.of(arguments));
        return new TrainerCommand(all);
    }
}
