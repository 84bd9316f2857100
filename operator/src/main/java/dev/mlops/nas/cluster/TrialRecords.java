package dev.mlops.nas.cluster;

import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.api.NasTrial;
import dev.mlops.nas.api.NasTrialSpec;
import dev.mlops.nas.api.NasTrialSpec.PredictionSpec;
import dev.mlops.nas.api.NasTrialStatus;
import dev.mlops.nas.api.NasTrialStatus.DerivedArchitecture;
import dev.mlops.nas.api.TrialPurpose;
import dev.mlops.nas.search.Genotype;
import dev.mlops.nas.search.Purpose;
import dev.mlops.nas.search.SearchSpace;
import dev.mlops.nas.search.TrialRequest;
import dev.mlops.nas.search.TrialRequest.Prediction;
import dev.mlops.nas.search.TrialState;
import dev.mlops.nas.search.TrialState.Derived;
import dev.mlops.nas.tracking.Tracking.Run;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Between trials on the cluster and the engine's records. */
final class TrialRecords {
    /** Annotation with the MLflow run that the trainer logs into. */
    static final String RUN_ANNOTATION = NasApi.GROUP + "/mlflow-run-id";

    /** What the engine asked for, as it stands in the trial's spec. */
    static TrialRequest request(NasTrialSpec spec) {
        PredictionSpec prediction = spec.prediction();
        return new TrialRequest(
                spec.number(),
                purpose(spec.purpose()),
                new Genotype(spec.genotype()),
                spec.epochs(),
                spec.seed(),
                spec.reference(),
                spec.continues(),
                prediction == null ? null : new Prediction(prediction.mean(), prediction.sd()));
    }

    /** What is known of a trial; a trial that no status was written for is pending. */
    static TrialState state(@Nullable NasTrialStatus status) {
        if (status == null) {
            return new TrialState.Pending();
        }
        double seconds = status.seconds() == null ? 0 : status.seconds();
        String message = status.message() == null ? "no reason was recorded" : status.message();
        return switch (status.phase()) {
            case Pending -> new TrialState.Pending();
            case Running -> new TrialState.Running();
            case Completed ->
                new TrialState.Completed(
                        status.metrics() == null ? Map.of() : status.metrics(),
                        seconds,
                        derived(status.derived()),
                        status.curve() == null ? List.of() : status.curve());
            case Infeasible -> new TrialState.Infeasible(message, seconds);
            case Failed ->
                TrialEnd.DATA_UNUSABLE.equals(status.reason())
                        ? new TrialState.Rejected(message, seconds)
                        : new TrialState.Failed(message, seconds, TrialEnd.TRAINER_UNAVAILABLE.equals(status.reason()));
            case Stopped -> new TrialState.Stopped(message, seconds);
        };
    }

    /**
     * The object that stands for a request; its name follows from the number, so that creating it twice is harmless.
     *
     * @param run of the tracking server; null where there is none
     */
    static NasTrial trial(NasExperiment experiment, SearchSpace space, TrialRequest request, @Nullable Run run) {
        String name = experiment.getMetadata().getName();
        var trial = new NasTrial();
        trial.setMetadata(new ObjectMetaBuilder()
                .withName(NasApi.trialName(name, request.number()))
                .withNamespace(experiment.getMetadata().getNamespace())
                .addToLabels(NasApi.EXPERIMENT_LABEL, name)
                .addToLabels(Owners.MANAGED_BY_LABEL, Owners.MANAGER)
                .addToAnnotations(run == null ? Map.of() : Map.of(RUN_ANNOTATION, run.runId()))
                .withOwnerReferences(Owners.reference(experiment))
                .build());
        Prediction prediction = request.prediction();
        trial.setSpec(new NasTrialSpec(
                name,
                request.number(),
                purpose(request.purpose()),
                request.genotype().choices(),
                request.purpose().hasArchitecture() ? space.describe(request.genotype()) : Map.of(),
                request.purpose().hasArchitecture() ? space.architectureHash(request.genotype()) : "",
                request.epochs(),
                request.seed(),
                request.reference(),
                request.continues(),
                prediction == null
                        ? null
                        : String.format(Locale.ROOT, "%.4f ± %.4f", prediction.mean(), prediction.sd()),
                prediction == null ? null : new PredictionSpec(prediction.mean(), prediction.sd())));
        return trial;
    }

    private static List<Derived> derived(@Nullable List<DerivedArchitecture> architectures) {
        return architectures == null
                ? List.of()
                : architectures.stream()
                        .map(a -> new Derived(a.choices(), a.accuracy()))
                        .toList();
    }

    /** What stands in a trial's status of architectures that it derived; null where it derived none. */
    static @Nullable List<DerivedArchitecture> derivedStatus(List<Derived> derived) {
        return derived.isEmpty()
                ? null
                : derived.stream()
                        .map(d -> new DerivedArchitecture(d.choices(), d.accuracy()))
                        .toList();
    }

    /** The search engine's word for it. */
    static Purpose purpose(TrialPurpose purpose) {
        return switch (purpose) {
            case Preparation -> Purpose.PREPARATION;
            case WarmUp -> Purpose.WARM_UP;
            case Search -> Purpose.SEARCH;
            case RandomArm -> Purpose.RANDOM_ARM;
            case Reference -> Purpose.REFERENCE;
            case Finalist -> Purpose.FINALIST;
            case RandomFinalist -> Purpose.RANDOM_FINALIST;
        };
    }

    private static TrialPurpose purpose(Purpose purpose) {
        return switch (purpose) {
            case PREPARATION -> TrialPurpose.Preparation;
            case WARM_UP -> TrialPurpose.WarmUp;
            case SEARCH -> TrialPurpose.Search;
            case RANDOM_ARM -> TrialPurpose.RandomArm;
            case REFERENCE -> TrialPurpose.Reference;
            case FINALIST -> TrialPurpose.Finalist;
            case RANDOM_FINALIST -> TrialPurpose.RandomFinalist;
        };
    }

    private TrialRecords() {}
}
