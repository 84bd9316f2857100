package dev.mlops.nas.local;

import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.api.NasExperimentSpec;
import dev.mlops.nas.search.Earlier;
import dev.mlops.nas.search.Experiment;
import java.nio.file.Path;
import java.util.List;

/**
 * What a local search is to do and by what means.
 *
 * @param resource the user's, with its defaults
 * @param experiment the same for the engine
 * @param trainer how a trainer is started
 * @param data where relative dataset paths start: the folder of the experiment's file
 * @param threads of one trainer
 */
record Setup(NasExperiment resource, Experiment experiment, TrainerCommand trainer, Path data, int threads) {
    /** The same with what other searches found. */
    Setup learningFrom(List<Earlier> earlier) {
        return new Setup(resource, experiment.learningFrom(earlier), trainer, data, threads);
    }

    NasExperimentSpec spec() {
        return resource.getSpec();
    }
}
