package dev.mlops.nas.local;

import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.api.NasExperimentSpec;
import dev.mlops.nas.search.Experiment;
import java.nio.file.Path;

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
    NasExperimentSpec spec() {
        return resource.getSpec();
    }
}
