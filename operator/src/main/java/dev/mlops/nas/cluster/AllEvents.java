package dev.mlops.nas.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.api.config.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.quarkiverse.operatorsdk.runtime.QuarkusConfigurationService;
import io.quarkiverse.operatorsdk.runtime.QuarkusControllerConfiguration;

/**
 * The configuration of a controller that reconciles on all events, deletion included. Quarkus's extension (7.7.3) reads {@code
 * triggerReconcilerOnAllEvents} from the annotation but does not keep it: the reconciler would not learn of a deletion, and what
 * carries our finalizer would stay for ever.
 */
final class AllEvents<P extends HasMetadata> extends QuarkusControllerConfiguration<P> {
    private AllEvents(QuarkusControllerConfiguration<P> built) {
        super(
                built.getInformerConfig(),
                built.getName(),
                built.isGenerationAware(),
                built.getAssociatedReconcilerClassName(),
                built.getRetry(),
                built.getRateLimiter(),
                built.maxReconciliationInterval().orElseThrow(),
                built.getFinalizerName(),
                built.fieldManager(),
                built.getWorkflow(),
                built.getResourceTypeName(),
                built.getResourceClass());
    }

    /** That of the build, for all events. */
    static <P extends HasMetadata> ControllerConfiguration<P> of(
            QuarkusConfigurationService configuration, Reconciler<P> reconciler) {
        var all = new AllEvents<>(configuration.getConfigurationFor(reconciler));
        all.setParent(configuration);
        return all;
    }

    @Override
    public boolean triggerReconcilerOnAllEvents() {
        return true;
    }
}
