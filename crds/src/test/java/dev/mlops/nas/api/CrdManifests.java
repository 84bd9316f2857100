package dev.mlops.nas.api;

import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.crdv2.generator.CRDPostProcessor;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Writes the CRDs of the Java types, one file per kind. */
final class CrdManifests {
    private static final Map<String, Class<?>> KINDS =
            Map.of("NasExperiment", NasExperiment.class, "NasTrial", NasTrial.class);

    static void write(Javadoc javadoc, Path folder) throws IOException {
        Files.createDirectories(folder);
        new CRDGenerator()
                .inOutputDir(folder.toFile())
                .customResourceClasses(NasExperiment.class, NasTrial.class)
                .withPostProcessor(new CRDPostProcessor() {
                    @Override
                    public HasMetadata process(HasMetadata crd, String version) {
                        var definition = (CustomResourceDefinition) crd;
                        Class<?> kind =
                                KINDS.get(definition.getSpec().getNames().getKind());
                        return new CrdPolish(kind, javadoc).polish(definition);
                    }
                })
                .detailedGenerate();
    }

    private CrdManifests() {}
}
