package dev.mlops.nas.cluster;

import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.api.NasTrial;
import dev.mlops.nas.experiment.ExperimentFactory;
import dev.mlops.nas.search.Earlier;
import dev.mlops.nas.search.Experiment;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/** Reads what {@code warmStart} names: other experiments of the namespace with the results that they have by now. */
final class EarlierExperiments {
    private static final Logger LOG = Logger.getLogger(EarlierExperiments.class);

    /** An experiment that the search is to learn from does not exist yet. */
    static final class MissingExperimentException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private MissingExperimentException(String message) {
            super(message);
        }
    }

    /**
     * The experiments that a resource names.
     *
     * @param begun whether the search has trials: then it goes on without those that are gone
     * @throws MissingExperimentException if one does not exist
     * @throws dev.mlops.nas.search.SpaceException if the spec of one contradicts itself
     */
    static List<Earlier> read(NasExperiment resource, boolean begun, KubernetesClient client) {
        List<Earlier> all = new ArrayList<>();
        for (String name : names(resource)) {
            NasExperiment other = client.resources(NasExperiment.class)
                    .inNamespace(resource.getMetadata().getNamespace())
                    .withName(name)
                    .get();
            if (other != null) {
                all.add(earlier(other, client));
            } else if (begun) {
                LOG.infof("experiment %s: goes on without %s of warmStart, which is gone", Trials.path(resource), name);
            } else {
                throw new MissingExperimentException(
                        "spec.warmStart.experiments[%d] is %s, but the namespace has no NasExperiment of that name: create it, or leave it out"
                                .formatted(names(resource).indexOf(name), name));
            }
        }
        return all;
    }

    private static List<String> names(NasExperiment resource) {
        var warmStart = resource.getSpec().warmStart();
        return warmStart == null ? List.of() : warmStart.experiments();
    }

    private static Earlier earlier(NasExperiment other, KubernetesClient client) {
        Experiment experiment = ExperimentFactory.create(other.getMetadata().getName(), other.getSpec());
        Stream<NasTrial> trials = client
                .resources(NasTrial.class)
                .inNamespace(other.getMetadata().getNamespace())
                .withLabel(NasApi.EXPERIMENT_LABEL, other.getMetadata().getName())
                .list()
                .getItems()
                .stream();
        return Earlier.of(
                experiment,
                Observed.of(other, experiment, trials.toList(), Instant.EPOCH).history());
    }

    private EarlierExperiments() {}
}
