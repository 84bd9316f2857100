package dev.mlops.nas.local;

import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.Folders;
import dev.mlops.nas.experiment.TrialFiles;
import dev.mlops.nas.search.Purpose;
import dev.mlops.nas.search.TrialRequest;
import dev.mlops.nas.validation.Problem;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SplittableRandom;

/** Lets the trainer look at the data before anything starts: the contract's argument {@code --check-data}. */
final class DataCheck {
    private static final String ARGUMENT = "--check-data";

    /**
     * Returns when the data is good.
     *
     * @param file of the experiment
     * @throws BadInputException with the trainer's sentence when it is not, or when there is no such trainer
     */
    static void run(Path file, Setup setup) throws IOException, InterruptedException {
        TrainerRun run;
        try (var folder = new ScratchFolder("nas-check-data")) {
            run = TrainerRun.of(
                    setup.trainer().with(ARGUMENT),
                    trial(setup),
                    folder.path(),
                    "check",
                    setup.threads(),
                    Duration.ofSeconds(setup.spec().trainer().deadlineSeconds()));
        }
        String program = setup.trainer().words().getFirst();
        if (run.code() == null) {
            throw new BadInputException(
                    "the trainer \"%s\" did not end within trainer.deadlineSeconds: %d when called with %s"
                            .formatted(program, setup.spec().trainer().deadlineSeconds(), ARGUMENT));
        }
        if (run.code() != ExitCode.DONE.code()) {
            throw new BadInputException(sentence(file, program, run.code(), run));
        }
    }

    private static TrialFile trial(Setup setup) {
        var random = new SplittableRandom(setup.experiment().seed());
        var request = new TrialRequest(
                0,
                Purpose.WARM_UP,
                setup.experiment().space().sample(random),
                setup.experiment().epochs(),
                0,
                null,
                null,
                null);
        return TrialFiles.create(
                setup.experiment(),
                setup.spec(),
                request,
                new Folders(setup.data().toString(), null, null));
    }

    private static String sentence(Path file, String program, int code, TrainerRun run) {
        String message = run.result() == null ? null : run.result().message();
        if (message == null) {
            return "the trainer \"%s\" ended with exit code %d when called with %s%s"
                    .formatted(program, code, ARGUMENT, run.log());
        }
        return new Problem(code == ExitCode.DATA.code() ? "spec.dataset" : "", message).line(file);
    }

    private DataCheck() {}
}
