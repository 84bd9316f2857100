package dev.mlops.nas.api;

import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.crdv2.generator.CRDPostProcessor;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Writes the CRDs of the Java types; {@code mvn -pl crds test-compile exec:java@crds} puts them where the manifests expect them. */
public final class CrdManifests {
    /** Where the manifests keep them, seen from the module's folder. */
    static final Path FOLDER = Path.of("..", "manifests", "crds");

    private static final Map<String, Class<?>> KINDS =
            Map.of("NasExperiment", NasExperiment.class, "NasTrial", NasTrial.class);

    /** Writes one file per kind into {@link #FOLDER}. */
    public static void main(String[] args) throws IOException {
        Path module = Files.isDirectory(Path.of("crds")) ? Path.of("crds") : Path.of("");
        write(module, module.resolve(FOLDER));
    }

    static void write(Path module, Path folder) throws IOException {
        Files.createDirectories(folder);
        var javadoc = Javadoc.read(module.resolve(Path.of("src", "main", "java", "dev", "mlops", "nas", "api")));
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
