package dev.mlops.nas.api;

import io.fabric8.crdv2.generator.CRDGenerator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes the CRDs of the Java types; {@code mvn -pl crds exec:java@crds} puts them where the manifests expect them. */
public final class CrdManifests {
    /** Where the manifests keep them, seen from the module's folder. */
    static final Path FOLDER = Path.of("..", "manifests", "crds");

    /** Writes one file per kind into {@link #FOLDER}. */
    public static void main(String[] args) throws IOException {
        write(FOLDER);
    }

    static void write(Path folder) throws IOException {
        Files.createDirectories(folder);
        new CRDGenerator()
                .inOutputDir(folder.toFile())
                .customResourceClasses(NasExperiment.class, NasTrial.class)
                .detailedGenerate();
    }

    private CrdManifests() {}
}
