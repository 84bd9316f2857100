package dev.mlops.nas.api;

import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** One architecture at one fidelity with one seed; created by the operator, owned by a {@link NasExperiment}. */
@Group(NasApi.GROUP)
@Version(NasApi.VERSION)
@Plural("nastrials")
@ShortNames("nastrial")
@AdditionalPrinterColumn(name = "Purpose", jsonPath = ".spec.purpose", type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(name = "Phase", jsonPath = ".status.phase", type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(name = "Score", jsonPath = ".status.score", type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(name = "Predicted", jsonPath = ".spec.predicted", type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
        name = "Age",
        jsonPath = ".metadata.creationTimestamp",
        type = AdditionalPrinterColumn.Type.DATE)
@AdditionalPrinterColumn(
        name = "Message",
        jsonPath = ".status.message",
        type = AdditionalPrinterColumn.Type.STRING,
        priority = 1)
public final class NasTrial extends CustomResource<NasTrialSpec, NasTrialStatus> implements Namespaced {
    private static final long serialVersionUID = 1L;
}
