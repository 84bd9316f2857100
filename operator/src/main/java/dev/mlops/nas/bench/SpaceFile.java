package dev.mlops.nas.bench;

import dev.mlops.nas.api.NasExperimentSpec;
import dev.mlops.nas.experiment.ExperimentFactory;
import dev.mlops.nas.search.SearchSpace;
import dev.mlops.nas.search.SpaceException;
import dev.mlops.nas.validation.ExperimentReader;
import dev.mlops.nas.validation.InvalidExperimentException;
import java.nio.file.Path;

/**
 * A search space from a file of its own or from an experiment.
 *
 * @param spec what the file says, defaults filled in
 * @param space built
 */
record SpaceFile(NasExperimentSpec spec, SearchSpace space) {
    static SpaceFile read(Path file) throws BenchException {
        try {
            NasExperimentSpec spec = new ExperimentReader().readSpace(file).getSpec();
            return new SpaceFile(spec, ExperimentFactory.create("bench", spec).space());
        } catch (InvalidExperimentException invalid) {
            throw new BenchException(invalid.lines(file));
        } catch (SpaceException contradiction) {
            throw new BenchException("%s: %s: %s".formatted(file, contradiction.field(), contradiction.getMessage()));
        }
    }
}
