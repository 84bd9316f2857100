package dev.mlops.nas.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** {@code nas} in a process of its own, as the launcher starts it. */
final class NasProcess {
    /** What a finished process left. */
    record Finished(int exitCode, String out, String err) {}

    private static final String CLASS_PATH =
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

    private final Process process;
    private final Path out;
    private final Path err;

    private NasProcess(Process process, Path out, Path err) {
        this.process = process;
        this.out = out;
        this.err = err;
    }

    /** A trainer of one's own: {@link SoftmaxTrainer} with the given arguments, as {@code --trainer} takes it. */
    static String softmaxTrainer(String arguments) {
        return "'%s' -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx128m -cp '%s' %s %s"
                .formatted(java(), CLASS_PATH, SoftmaxTrainer.class.getName(), arguments);
    }

    static NasProcess start(Path folder, Map<String, String> environment, String... arguments) throws IOException {
        var words = new ArrayList<>(List.of(
                java(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx512m",
                "-cp",
                CLASS_PATH,
                "dev.mlops.nas.cli.Nas"));
        words.addAll(List.of(arguments));
        Path out = Files.createTempFile(folder, "out", ".txt");
        Path err = Files.createTempFile(folder, "err", ".txt");
        var builder = new ProcessBuilder(words)
                .directory(folder.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().keySet().removeIf(k -> k.startsWith("MLFLOW_") || k.equals("NAS_HOME"));
        builder.environment().putAll(environment);
        return new NasProcess(builder.start(), out, err);
    }

    static Finished run(Path folder, String... arguments) throws Exception {
        return start(folder, Map.of(), arguments).finish();
    }

    Finished finish() throws Exception {
        assertThat(process.waitFor(5, TimeUnit.MINUTES)).as("nas ends").isTrue();
        return new Finished(process.exitValue(), Files.readString(out), Files.readString(err));
    }

    /** As Ctrl-C or kill would. */
    void terminate() {
        process.destroy();
    }

    /** As kill -9 would; its trainers go on. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    private static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }
}
