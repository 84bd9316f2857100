package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** The process around one trial: environment in, result file and exit code out, SIGTERM in between. */
public final class Trainer {
    /** Exit code of an error that the contract has no name for; it is retried. */
    static final int UNKNOWN = 1;

    private static final long SECONDS_TO_STOP = 4;

    private final Path resultPath;
    private final Trial trial;
    private final AtomicBoolean stopRequested = new AtomicBoolean();
    private final AtomicBoolean written = new AtomicBoolean();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile int exitCode = ExitCode.TEMPORARY.code();

    private Trainer(Map<String, String> environment) {
        this.resultPath = Path.of(environment.getOrDefault(TrialFile.RESULT_VARIABLE, "/dev/termination-log"));
        this.trial = new Trial(
                Path.of(environment.getOrDefault(TrialFile.PATH_VARIABLE, "")),
                environment.get(TrialFile.DATA_VARIABLE),
                stopRequested::get);
    }

    /**
     * Runs the trial that the environment names.
     *
     * @param arguments {@code --check-data} to load and check the data only, or nothing
     */
    public static void main(String[] arguments) {
        boolean checkOnly = arguments.length == 1 && arguments[0].equals("--check-data");
        var environment = System.getenv();
        if ((arguments.length > 0 && !checkOnly) || !environment.containsKey(TrialFile.PATH_VARIABLE)) {
            System.err.printf(
                    "usage: %s=TRIAL.json [%s=RESULT.json] [%s=FOLDER] java … %s [--check-data]%n",
                    TrialFile.PATH_VARIABLE,
                    TrialFile.RESULT_VARIABLE,
                    TrialFile.DATA_VARIABLE,
                    Trainer.class.getName());
            System.exit(ExitCode.DATA.code());
        }
        OpenBlas.chooseKernels();
        var trainer = new Trainer(environment);
        Runtime.getRuntime().addShutdownHook(new Thread(trainer::terminate, "terminate"));
        trainer.run(checkOnly);
        System.exit(trainer.exitCode);
    }

    private void run(boolean checkOnly) {
        var result = trial.run(checkOnly);
        if (!checkOnly || result.exitCode() != ExitCode.DONE.code()) {
            write(result);
        }
        exitCode = result.exitCode();
        ended.countDown();
    }

    /** Runs when the process ends: at once after a normal end; otherwise waits for the checkpoint and leaves with 75. */
    private void terminate() {
        if (ended.getCount() == 0) {
            return;
        }
        stopRequested.set(true);
        try {
            if (!ended.await(SECONDS_TO_STOP, TimeUnit.SECONDS)) {
                write(trial.result(
                        ExitCode.TEMPORARY.code(), Map.of(), "Terminated before the current step was done."));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(exitCode);
    }

    private void write(TrialResult result) {
        if (!written.compareAndSet(false, true)) {
            return;
        }
        if (result.message() != null) {
            System.err.println(result.message());
        }
        try {
            ResultWriter.write(result, resultPath);
        } catch (IOException e) {
            System.err.printf("Result file %s cannot be written: %s%n", resultPath, e);
        }
    }
}
