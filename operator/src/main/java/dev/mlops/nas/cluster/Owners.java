package dev.mlops.nas.cluster;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;

/** Who owns what: an experiment its trials, a trial its ConfigMap and Job. */
final class Owners {
    /** Label that names the tool an object was made by. */
    static final String MANAGED_BY_LABEL = "app.kubernetes.io/managed-by";

    /** This operator, in that label and as field manager. */
    static final String MANAGER = "nas-operator";

    /** The controlling reference to an owner. */
    static OwnerReference reference(HasMetadata owner) {
        return new OwnerReferenceBuilder()
                .withApiVersion(owner.getApiVersion())
                .withKind(owner.getKind())
                .withName(owner.getMetadata().getName())
                .withUid(owner.getMetadata().getUid())
                .withController(true)
                .withBlockOwnerDeletion(true)
                .build();
    }

    /** Whether the object belongs to this very owner, and not to an earlier one of the same name. */
    static boolean owns(HasMetadata owner, HasMetadata object) {
        return object.getMetadata().getOwnerReferences().stream()
                .anyMatch(r -> r.getUid().equals(owner.getMetadata().getUid()));
    }

    private Owners() {}
}
