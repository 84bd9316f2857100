package dev.mlops.nas.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Help for what the launcher does itself, since it replaces the classes that this program runs on. */
@Command(
        name = "test",
        description = "Runs all tests of a checkout, as CI does; a skipped test is a failure.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "With --pytorch as first argument, the trainer in PyTorch is tested too, which installs",
            "some 5 GB once. More arguments go to Maven, for example: ./nas test -pl predictor",
            "Sets up what the tests need: Kubernetes' API server (compiled once, 7 minutes,",
            "needs Go), an MLflow server (a Python environment, 1 minute), and a server of S3's",
            "protocol (more of Python's packages, half a minute)."
        })
final class TestCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        throw new ParameterException(spec.commandLine(), "nas test works in a checkout only: run ./nas test there");
    }
}
