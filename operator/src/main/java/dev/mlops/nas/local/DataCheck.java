package dev.mlops.nas.local;

import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.contract.TrialFile.Folders;
import dev.mlops.nas.contract.TrialResult;
import dev.mlops.nas.experiment.TrialFiles;
import dev.mlops.nas.search.Purpose;
import dev.mlops.nas.search.TrialRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Lets the trainer look at the data before anything starts: the contract's argument {@code --check-data}. */
final class DataCheck {
    private static final String ARGUMENT = "--check-data";

    /**
     * Returns when the data is good.
     *
     * @throws BadInputException with the trainer's sentence when it is not, or when there is no such trainer
     */
    static void run(Setup setup) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("nas-check-data");
        try {
            run(setup, folder);
        } finally {
            try (var files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    private static void run(Setup setup, Path folder) throws IOException, InterruptedException {
        var request = new TrialRequest(
                0,
                Purpose.WARM_UP,
                setup.experiment()
                        .space()
                        .sample(new SplittableRandom(setup.experiment().seed())),
                setup.experiment().epochs(),
                0,
                null,
                null,
                null);
        Path trialFile = folder.resolve("trial.json");
        Json.write(
                trialFile,
                TrialFiles.create(
                        setup.experiment(),
                        setup.spec(),
                        request,
                        new Folders(setup.data().toString(), null, null)));
        Path resultFile = folder.resolve("result.json");
        Path log = folder.resolve("log.txt");
        Process process;
        try {
            process = TrainerProcess.builder(
                            setup.trainer().with(ARGUMENT), trialFile, setup.data(), resultFile, setup.threads())
                    .redirectOutput(log.toFile())
                    .start();
        } catch (IOException e) {
            throw new BadInputException("the trainer \"%s\" cannot be started: %s"
                    .formatted(String.join(" ", setup.trainer().words()), cause(e)));
        }
        try {
            if (!process.waitFor(setup.spec().trainer().deadlineSeconds(), TimeUnit.SECONDS)) {
                throw new BadInputException(
                        "the trainer \"%s\" did not end within trainer.deadlineSeconds: %d when called with %s"
                                .formatted(
                                        setup.trainer().words().getFirst(),
                                        setup.spec().trainer().deadlineSeconds(),
                                        ARGUMENT));
            }
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        if (process.exitValue() != ExitCode.DONE.code()) {
            throw new BadInputException(sentence(
                    setup,
                    process.exitValue(),
                    new AttemptFolder(folder).result().orElse(null),
                    Files.readString(log)));
        }
    }

    private static String sentence(Setup setup, int code, @Nullable TrialResult result, String log) {
        if (result != null && result.message() != null) {
            return code == ExitCode.DATA.code() ? "spec.dataset: " + result.message() : result.message();
        }
        return "the trainer \"%s\" ended with exit code %d when called with %s%s"
                .formatted(
                        setup.trainer().words().getFirst(),
                        code,
                        ARGUMENT,
                        log.lines()
                                .filter(l -> !l.isBlank())
                                .reduce((a, b) -> b)
                                .map(l -> ": " + l.strip())
                                .orElse(" and wrote no message"));
    }

    /** The system's words, out of "Cannot run program "x": Exec failed, error: 2 (No such file or directory)". */
    private static String cause(IOException failure) {
        String message = String.valueOf(failure.getMessage());
        return message.replaceFirst("^.*error[=:] ?\\d+,? *", "").replaceAll("[()\\s]+$|^\\(", "");
    }

    private DataCheck() {}
}
