package dev.mlops.nas.local;

import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.Architecture;
import dev.mlops.nas.contract.TrialFile.Folders;
import dev.mlops.nas.contract.TrialFile.Mixture;
import dev.mlops.nas.contract.TrialFile.Relaxed;
import dev.mlops.nas.contract.TrialFile.Scoring;
import dev.mlops.nas.contract.TrialFile.Sharing;
import dev.mlops.nas.contract.TrialResult;
import dev.mlops.nas.contract.TrialResult.Derived;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Jobs in place of a training, which a trainer need not know. One that prepares a search must be done or refused: whoever takes it for a
 * training reports what nobody asked for.
 */
final class OptionalJobs {
    private static final int EPOCHS = 3;
    private static final int DERIVED = 2;
    private static final String LIST = "architectures.json.gz";

    private final SampleNetwork sample;
    private final CheckTrials trials;
    private final CheckReport report;

    OptionalJobs(SampleNetwork sample, CheckTrials trials, CheckReport report) {
        this.sample = sample;
        this.trials = trials;
        this.report = report;
    }

    void check() throws IOException, InterruptedException {
        scores();
        sharesWeights();
        opensChoices();
    }

    private void scores() throws IOException, InterruptedException {
        Path scores = trials.folder().resolve("scores.json");
        var architecture = new Architecture("conv", sample.nodes());
        TrialFile file =
                job("check-scores").asking(new Scoring(List.of(architecture), scores.toString(), null), null, null);
        TrainerRun ended = trials.run(file, "scores");
        report.note(
                Objects.equals(ended.code(), 0) && Files.exists(scores),
                "it scores architectures without training",
                "it scores no architectures without training: nas score needs another trainer");
    }

    /** Weights of two architectures, and one of these that inherits them. */
    private void sharesWeights() throws IOException, InterruptedException {
        Path list = trials.folder().resolve(LIST);
        try (var zipped = new GZIPOutputStream(Files.newOutputStream(list))) {
            Json.MAPPER.writeValue(
                    zipped,
                    List.of(new Architecture("path-1", sample.nodes()), new Architecture("path-2", sample.linear())));
        }
        Path weights = Files.createDirectories(trials.folder().resolve("weights"));
        TrainerRun ended = trials.run(sharing("uniform", weights), "sharing");
        if (!isDone("shared weights", "evaluation.weightSharing", "sharedPaths", ended)) {
            return;
        }
        inherits(weights);
        TrainerRun unknown = trials.run(sharing("greedy", weights), "sampling");
        report.note(
                Objects.equals(unknown.code(), ExitCode.DATA.code()),
                "sharing.sampling is read: one that nobody knows ends with 65",
                "sharing.sampling is not read: a name that nobody knows %s in place of 65"
                        .formatted(unknown.codeText()));
    }

    private TrialFile sharing(String sampling, Path weights) {
        TrialFile file = job("check-sharing").asking(null, null, new Sharing(LIST, sampling, 1));
        return in(file, new Folders(trials.folder().toString(), weights.toString(), null));
    }

    private void inherits(Path weights) throws IOException, InterruptedException {
        TrialFile heir = in(
                trials.file("check-heir", sample.nodes(), 0, false),
                new Folders(trials.folder().toString(), null, null, null, weights.toString()));
        TrainerRun ended = trials.run(heir, "heir");
        double accuracy = metric(ended.result(), "accuracy");
        report.demand(
                Objects.equals(ended.code(), 0) && accuracy >= 0 && accuracy <= 1,
                "an architecture inherits them in 0 epochs: accuracy %.3f".formatted(accuracy),
                "an architecture that inherits them, in 0 epochs, %s, accuracy %s; it must end with 0 and report a fraction%s"
                        .formatted(ended.codeText(), accuracy, ended.log()));
    }

    /** A graph with one open choice. */
    private void opensChoices() throws IOException, InterruptedException {
        TrainerRun ended = trials.run(relaxed(null), "relaxed");
        if (!isDone("open choices", "strategy Differentiable", "relaxedAccuracy", ended)) {
            return;
        }
        List<Derived> derived = Objects.requireNonNull(ended.result()).derived();
        report.demand(
                derived != null
                        && !derived.isEmpty()
                        && derived.size() <= DERIVED
                        && derived.stream().map(Derived::choices).allMatch(OptionalJobs::isArchitecture),
                "and derives architectures from them",
                "but derived is %s; it must hold 1 to %d architectures, each with 0 or 1 for the one mixture"
                        .formatted(derived, DERIVED));
        TrainerRun unknown = trials.run(relaxed("third"), "order");
        report.note(
                Objects.equals(unknown.code(), ExitCode.DATA.code()),
                "relaxed.order is read: one that nobody knows ends with 65",
                "relaxed.order is not read: one that nobody knows %s in place of 65".formatted(unknown.codeText()));
    }

    private TrialFile relaxed(@Nullable String order) {
        var mixture = new Mixture("open", List.of("skip", "relu"), null, null);
        return job("check-relaxed").asking(null, new Relaxed(sample.open(), List.of(mixture), DERIVED, order), null);
    }

    private static boolean isArchitecture(List<Integer> choices) {
        return choices.size() == 1 && choices.getFirst() >= 0 && choices.getFirst() <= 1;
    }

    /** Whether a job that prepares a search was done; where it was not, it must have been refused with a sentence. */
    private boolean isDone(String job, String wish, String metric, TrainerRun ended) {
        String message = ended.result() == null ? null : ended.result().message();
        if (Objects.equals(ended.code(), ExitCode.ARCHITECTURE.code())) {
            report.note(
                    false,
                    "",
                    message == null || message.isBlank()
                            ? "%s end with 64, but the result has no message: users of %s will not learn why"
                                    .formatted(job, wish)
                            : "%s end with 64: %s is not for this trainer; it says: %s".formatted(job, wish, message));
            return false;
        }
        return report.demand(
                Objects.equals(ended.code(), 0) && Double.isFinite(metric(ended.result(), metric)),
                "it trains %s".formatted(job),
                "a trial for %s %s without the metric %s; it must report it or end with 64 and a message%s"
                        .formatted(job, ended.codeText(), metric, ended.log()));
    }

    /** A trial without an architecture. */
    private TrialFile job(String name) {
        return trials.file(name, List.of(), EPOCHS, false);
    }

    private static TrialFile in(TrialFile file, Folders folders) {
        return file.with(file.contractVersion(), file.dataset(), file.recipe(), folders);
    }

    private static double metric(@Nullable TrialResult result, String name) {
        return result == null ? Double.NaN : result.metrics().getOrDefault(name, Double.NaN);
    }
}
