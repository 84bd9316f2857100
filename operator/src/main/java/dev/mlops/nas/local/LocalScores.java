package dev.mlops.nas.local;

import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.contract.ScoreFile;
import dev.mlops.nas.contract.ScoreFile.Scored;
import dev.mlops.nas.contract.TrialFile.Folders;
import dev.mlops.nas.experiment.TrialFiles;
import dev.mlops.nas.report.ScoreReport.Findings;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.History;
import dev.mlops.nas.search.ScoreStudy;
import dev.mlops.nas.search.ScoreStudy.Subject;
import dev.mlops.nas.validation.Problem;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** {@code nas score}: scores architectures of an experiment without training, in one process of its trainer. */
public final class LocalScores {
    private final @Nullable String home;

    /** Takes the value of NAS_HOME. */
    public LocalScores(@Nullable String home) {
        this.home = home;
    }

    /**
     * Scores the human designs, what a search has trained, and draws.
     *
     * @param file of the experiment
     * @param samples how many draws
     * @param sharedEpochs epochs of weights that all these share; null for none
     * @param state folder of a search of the same experiment; null for none
     * @param trainer the user's own command; null for the built-in trainer
     * @throws BadInputException with the sentence on what the user has to change
     */
    public Findings run(
            Path file, int samples, @Nullable Integer sharedEpochs, @Nullable Path state, @Nullable String trainer)
            throws IOException, InterruptedException {
        var reader = new SetupReader(home);
        Setup setup = reader.read(file, trainer);
        Experiment experiment = setup.experiment();
        if (!experiment.space().hasNetwork()) {
            throw new BadInputException(
                    new Problem("spec.searchSpace", "has no network, so that nothing can be scored before training")
                            .line(file));
        }
        History history = state == null ? new History(Instant.EPOCH, List.of()) : history(reader, file, state, setup);
        List<Subject> subjects = ScoreStudy.subjects(experiment, history, samples);
        try (var folder = new ScratchFolder("nas-score")) {
            ScoreFile found = score(setup, subjects, sharedEpochs, folder.path());
            Map<String, Map<String, Double>> scores = ScoreStudy.withMeanRank(found.architectures().stream()
                    .collect(Collectors.toMap(Scored::name, Scored::scores, (a, b) -> a, LinkedHashMap::new)));
            Map<String, String> unscored = found.architectures().stream()
                    .filter(s -> s.message() != null)
                    .collect(Collectors.toMap(Scored::name, s -> String.valueOf(s.message()), (a, b) -> a));
            return new Findings(
                    experiment, subjects, scores, unscored, ScoreStudy.rankings(experiment, subjects, scores));
        }
    }

    private static History history(SetupReader reader, Path file, Path state, Setup setup) {
        var stored = StateFolder.stored(state)
                .orElseThrow(() -> new BadInputException(
                        "--state %s holds no search: give the folder of a search of this experiment".formatted(state)));
        reader.checkUpdate(file, state, stored, setup.resource());
        return Json.read(state.resolve("identity.json"), StateFolder.Identity.class)
                .map(identity -> StateFolder.history(state, identity))
                .orElseGet(() -> new History(Instant.EPOCH, List.of()));
    }

    private static ScoreFile score(Setup setup, List<Subject> subjects, @Nullable Integer sharedEpochs, Path folder)
            throws IOException, InterruptedException {
        Path scores = folder.resolve("scores.json");
        String program = setup.trainer().words().getFirst();
        int deadline = setup.spec().trainer().deadlineSeconds();
        TrainerRun run = TrainerRun.of(
                setup.trainer(),
                TrialFiles.scoring(
                        setup.experiment(),
                        setup.spec(),
                        subjects,
                        new Folders(setup.data().toString(), null, null),
                        scores,
                        sharedEpochs),
                folder,
                "scoring",
                setup.threads(),
                Duration.ofSeconds(deadline));
        if (run.code() == null) {
            throw new BadInputException(
                    "%d architectures were not scored within trainer.deadlineSeconds: %d; give fewer --samples or --shared-epochs"
                            .formatted(subjects.size(), deadline));
        }
        if (run.code() != ExitCode.DONE.code()) {
            throw new BadInputException(sentence(run.code(), run));
        }
        return Json.read(scores, ScoreFile.class)
                .orElseThrow(() -> new BadInputException(
                        "the trainer \"%s\" wrote no scores: it does not know the field scoring of trial files"
                                .formatted(program)));
    }

    private static String sentence(int code, TrainerRun run) {
        String message = run.result() == null ? null : run.result().message();
        return message == null
                ? "the trainer ended with exit code %d when asked for scores%s".formatted(code, run.log())
                : (code == ExitCode.DATA.code() ? "spec.dataset: " : "the trainer scored nothing: ") + message;
    }
}
