package dev.mlops.nas.api;

import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** One architecture search: data, space, limits and budget from the user, progress and result from the operator. */
@Group(NasApi.GROUP)
@Version(NasApi.VERSION)
@Plural("nasexperiments")
@ShortNames("nasexp")
@AdditionalPrinterColumn(name = "Phase", jsonPath = ".status.phase", type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(name = "Trials", jsonPath = ".status.progress", type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(name = "Best", jsonPath = ".status.best.score", type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
        name = "Best-Trial",
        jsonPath = ".status.best.trial",
        type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(name = "Tau", jsonPath = ".status.predictor.tau", type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(name = "Cost", jsonPath = ".status.cost.trainTime", type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
        name = "Age",
        jsonPath = ".metadata.creationTimestamp",
        type = AdditionalPrinterColumn.Type.DATE)
@AdditionalPrinterColumn(
        name = "Message",
        jsonPath = ".status.message",
        type = AdditionalPrinterColumn.Type.STRING,
        priority = 1)
@ValidationRule(
        value =
                "!has(self.metadata.name) || self.metadata.name.size() <= 50 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
        message =
                "metadata.name must be at most 50 lower-case letters, digits and -, beginning with a letter, because trials, jobs and labels are named after it")
public final class NasExperiment extends CustomResource<NasExperimentSpec, NasExperimentStatus> implements Namespaced {
    private static final long serialVersionUID = 1L;
}
