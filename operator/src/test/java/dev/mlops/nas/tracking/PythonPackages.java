package dev.mlops.nas.tracking;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.zip.CRC32;

/** Packages that tests need and MLflow's environment lacks, installed once below the user's cache, for {@code PYTHONPATH}. */
final class PythonPackages {
    private static final Duration SETUP = Duration.ofMinutes(10);

    private PythonPackages() {}

    /** The folder that holds what a file of requirements asks for. */
    static Path of(Path python, Path requirements, Path cache)
            throws IOException, InterruptedException, MlflowServerException {
        var sum = new CRC32();
        sum.update(Files.readAllBytes(requirements));
        Path folder = cache.resolve("test-packages-%08x".formatted(sum.getValue()));
        try (var lock = FileLocks.acquire(cache.resolve(folder.getFileName() + ".lock"), SETUP, () -> {})) {
            if (lock.lock().isValid() && !Files.exists(folder)) {
                Path part = Files.createTempDirectory(cache, "test-packages");
                install(python, requirements, part);
                Files.move(part, folder, StandardCopyOption.ATOMIC_MOVE);
            }
        }
        return folder;
    }

    private static void install(Path python, Path requirements, Path target) throws IOException, InterruptedException {
        var builder = new ProcessBuilder(
                        python.toString(),
                        "-m",
                        "pip",
                        "install",
                        "--no-input",
                        "--disable-pip-version-check",
                        "--quiet",
                        "--target",
                        target.toString(),
                        "-r",
                        requirements.toString())
                .redirectErrorStream(true);
        MlflowEnvironment.clean(builder.environment());
        var process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException("%s cannot be installed: %s".formatted(requirements, said));
        }
    }
}
