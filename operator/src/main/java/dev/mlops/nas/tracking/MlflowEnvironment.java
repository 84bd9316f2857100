package dev.mlops.nas.tracking;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The Python environment of the embedded MLflow: made once per version, below the user's cache, from the pinned
 * requirements. It counts as made when its marker is there, written last; what was left half-made is removed and made anew.
 */
final class MlflowEnvironment {
    private static final Duration SETUP = Duration.ofMinutes(20);
    private static final String MARKER = "nas-complete";
    private static final List<String> PYTHONS =
            List.of("python3", "python3.13", "python3.12", "python3.11", "python3.10", "python");

    private final Path cache;
    private final String path;
    private final Consumer<String> progress;

    /**
     * @param cache folder that holds the environment
     * @param path where Python is looked for, written as the variable PATH is
     * @param progress receives one line before anything slow
     */
    MlflowEnvironment(Path cache, String path, Consumer<String> progress) {
        this.cache = cache.toAbsolutePath();
        this.path = path;
        this.progress = progress;
    }

    /** The pinned version of MLflow. */
    static String version() {
        return requirements()
                .lines()
                .filter(line -> line.startsWith("mlflow=="))
                .map(line -> line.substring("mlflow==".length()).strip())
                .findFirst()
                .orElseThrow();
    }

    private static String requirements() {
        return resource("mlflow-requirements.txt");
    }

    static String resource(String name) {
        try (InputStream in = MlflowEnvironment.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("not in the jar: " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The environment's python, with MLflow installed. */
    Path python() throws IOException, MlflowServerException {
        if (isComplete()) {
            return executable();
        }
        try (var lock = FileLocks.acquire(
                cache.resolve(folder().getFileName() + ".lock"),
                SETUP,
                () -> progress.accept("another process is setting up MLflow; waiting for it"))) {
            if (lock.lock().isValid() && !isComplete()) {
                make();
            }
            return executable();
        }
    }

    private void make() throws IOException, MlflowServerException {
        Path python = findPython();
        progress.accept(
                "setting up MLflow %s in %s, this once: a minute or more, 850 MB".formatted(version(), folder()));
        deleteAll(folder());
        Path log = cache.resolve(folder().getFileName() + "-setup.log");
        Files.deleteIfExists(log);
        install(List.of(python.toString(), "-m", "venv", folder().toString()), log);
        Path requirements = folder().resolve("requirements.txt");
        Files.writeString(requirements, requirements());
        install(
                List.of(
                        executable().toString(),
                        "-m",
                        "pip",
                        "install",
                        "--no-input",
                        "--disable-pip-version-check",
                        "--no-compile", // the first import compiles the part that is used
                        "-r",
                        requirements.toString()),
                log);
        Files.writeString(folder().resolve(MARKER), requirements());
    }

    private void install(List<String> command, Path log) throws IOException, MlflowServerException {
        var builder = new ProcessBuilder(command)
                .redirectInput(new File("/dev/null"))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        clean(builder.environment());
        Process process = builder.start();
        if (!ended(process, SETUP) || process.exitValue() != 0) {
            throw new MlflowServerException(
                    "MLflow %s could not be set up (%s; all of it in %s): put that right and try again, set MLFLOW_TRACKING_URI to a server of yours, or run with --tracking off"
                            .formatted(version(), lastLine(log), log));
        }
    }

    /** Waits; a process that takes longer, or whose caller is interrupted, is ended. */
    private static boolean ended(Process process, Duration atMost) {
        try {
            if (process.waitFor(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
                return true;
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        process.destroyForcibly();
        return false;
    }

    private Path findPython() throws IOException, MlflowServerException {
        String why = "there is no python3 on the path";
        for (String name : PYTHONS) {
            for (Path candidate : onPath(name)) {
                String fault = faultOf(candidate);
                if (fault == null) {
                    return candidate;
                }
                if (name.equals("python3")) {
                    why = fault;
                }
            }
        }
        throw new MlflowServerException(
                "the embedded MLflow needs Python 3.10 or later with its venv module, and %s: install it (Debian and Ubuntu: apt install python3 python3-venv), set MLFLOW_TRACKING_URI to a server of yours, or run with --tracking off"
                        .formatted(why));
    }

    private List<Path> onPath(String name) {
        return Arrays.stream(path.split(File.pathSeparator))
                .filter(folder -> !folder.isEmpty())
                .map(folder -> Path.of(folder, name))
                .filter(Files::isExecutable)
                .toList();
    }

    private static @Nullable String faultOf(Path python) throws IOException {
        var builder = new ProcessBuilder(
                        python.toString(),
                        "-c",
                        "import sys; print('%d.%d' % sys.version_info[:2], end=' ', flush=True); import venv, ensurepip; print('venv')")
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        clean(builder.environment());
        Process process = builder.start();
        process.getOutputStream().close();
        if (!ended(process, Duration.ofSeconds(20))) {
            return python + " does not answer";
        }
        String[] words = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .strip()
                .split(" ", -1);
        if (!words[0].matches("3\\.(1\\d|[2-9]\\d)")) {
            return words[0].isEmpty() ? python + " does not run" : "%s is Python %s".formatted(python, words[0]);
        }
        return words.length < 2 ? "%s (Python %s) has no venv module".formatted(python, words[0]) : null;
    }

    /** What a user has set for other Pythons and other MLflow servers must not reach this one. */
    static void clean(Map<String, String> environment) {
        environment.keySet().removeIf(k -> k.startsWith("MLFLOW_") || k.startsWith("_MLFLOW_"));
        List.of("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV").forEach(environment::remove);
        // no call home
        environment.put("MLFLOW_DISABLE_TELEMETRY", "true");
        environment.put("DO_NOT_TRACK", "true");
    }

    static String lastLine(Path log) throws IOException {
        try (Stream<String> lines = Files.lines(log, StandardCharsets.ISO_8859_1)) {
            return lines.map(String::strip).filter(l -> !l.isEmpty()).reduce("no output", (_, line) -> line);
        }
    }

    private boolean isComplete() throws IOException {
        Path marker = folder().resolve(MARKER);
        return Files.exists(marker) && Files.readString(marker).equals(requirements());
    }

    private Path folder() {
        return cache.resolve("mlflow-" + version());
    }

    private Path executable() {
        return folder().resolve("bin").resolve("python");
    }

    private static void deleteAll(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
