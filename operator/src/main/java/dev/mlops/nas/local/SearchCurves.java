package dev.mlops.nas.local;

import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.contract.TrialResult;
import dev.mlops.nas.contract.TrialResult.Epoch;
import dev.mlops.nas.experiment.ExperimentFactory;
import dev.mlops.nas.search.CurveStudy.Training;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Experiment.Objective;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The learning curves of a search's whole trainings.
 *
 * @param experiment name
 * @param metric of the objective
 * @param epochs of a whole training
 * @param trainings that told all their epochs from the first on, whatever their purpose
 */
public record SearchCurves(String experiment, String metric, int epochs, List<Training> trainings) {
    /** Copies the list. */
    public SearchCurves {
        trainings = List.copyOf(trainings);
    }

    /**
     * Reads what {@code nas run} left, also while it runs.
     *
     * @param folder of the search
     * @return empty where there is no folder, or nothing in it
     * @throws BadInputException if it holds something else
     */
    public static Optional<SearchCurves> read(Path folder) {
        return StateFolder.stored(folder).map(resource -> of(resource, folder));
    }

    private static SearchCurves of(NasExperiment resource, Path folder) {
        String name = resource.getMetadata().getName();
        Experiment experiment = ExperimentFactory.create(name, resource.getSpec());
        Objective objective = experiment.objective();
        return new SearchCurves(
                name,
                objective.metric(),
                experiment.epochs(),
                StateFolder.trials(folder).stream()
                        .flatMap(t -> t.lastResult().stream())
                        .flatMap(r -> training(r, objective, experiment.epochs()))
                        .toList());
    }

    private static Stream<Training> training(TrialResult result, Objective objective, int epochs) {
        List<Epoch> history = result.history();
        boolean whole = result.exitCode() == 0
                && history.size() == epochs
                && history.stream().allMatch(e -> e.metric(objective.metric()) != null);
        return whole
                ? Stream.of(new Training(
                        history.stream()
                                .mapToDouble(e -> objective.score(Objects.requireNonNull(e.metric(objective.metric()))))
                                .boxed()
                                .toList(),
                        history.stream().map(Epoch::loss).toList(),
                        history.stream().map(Epoch::trainLoss).toList()))
                : Stream.empty();
    }
}
