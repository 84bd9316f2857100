package dev.mlops.nas.local;

import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.experiment.ExperimentFactory;
import dev.mlops.nas.local.StateFolder.Identity;
import dev.mlops.nas.search.Earlier;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.validation.Problem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Reads what {@code warmStart} names: searches whose folders lie beside that of this search, also while they run. */
final class EarlierSearches {
    private record Found(Path folder, NasExperiment resource, Identity identity) {}

    /**
     * The latest search of each name.
     *
     * @param file of the experiment, for messages
     * @param runs the folder that holds the searches' folders
     * @throws BadInputException if there is none of a name
     */
    static List<Earlier> read(Path file, NasExperiment resource, Path runs) {
        var warmStart = resource.getSpec().warmStart();
        if (warmStart == null) {
            return List.of();
        }
        List<Found> all = found(runs);
        List<Earlier> earlier = new ArrayList<>();
        for (int i = 0; i < warmStart.experiments().size(); i++) {
            String name = warmStart.experiments().get(i);
            String field = "spec.warmStart.experiments[%d]".formatted(i);
            Found latest = all.stream()
                    .filter(f -> name.equals(f.resource().getMetadata().getName()))
                    .max(Comparator.comparing(f -> f.identity().startedAt()))
                    .orElseThrow(() -> new BadInputException(new Problem(
                                    field,
                                    "there is no search for %s in %s, where the folders of earlier searches are looked for: run it first, or leave it out"
                                            .formatted(name, runs))
                            .line(file)));
            earlier.add(earlier(latest));
        }
        return earlier;
    }

    private static List<Found> found(Path runs) {
        if (!Files.isDirectory(runs)) {
            return List.of();
        }
        try (Stream<Path> folders = Files.list(runs)) {
            return folders.filter(f -> Files.exists(f.resolve("experiment.yaml")))
                    .flatMap(f -> found(f, Json.read(f.resolve("identity.json"), Identity.class)))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + runs, e);
        }
    }

    private static Stream<Found> found(Path folder, Optional<Identity> identity) {
        return StateFolder.stored(folder).flatMap(r -> identity.map(i -> new Found(folder, r, i))).stream();
    }

    private static Earlier earlier(Found found) {
        Experiment experiment = ExperimentFactory.create(
                found.resource().getMetadata().getName(), found.resource().getSpec());
        return Earlier.of(experiment, StateFolder.history(found.folder(), found.identity()));
    }

    private EarlierSearches() {}
}
