package dev.mlops.nas.api;

import dev.mlops.nas.contract.ContractSchemas;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Writes what is made of the Java types: the CRDs, the contract's JSON Schemas and the API's reference. {@code mvn -pl crds
 * test-compile exec:java@generate} puts them into the repository.
 */
public final class GeneratedFiles {
    /** All of them, seen from the repository's root. */
    static final List<String> FILES = List.of(
            "manifests/crds/nasexperiments.nas.mlops.dev-v1.yml",
            "manifests/crds/nastrials.nas.mlops.dev-v1.yml",
            "crds/src/main/resources/dev/mlops/nas/contract/trial-file.schema.json",
            "crds/src/main/resources/dev/mlops/nas/contract/trial-result.schema.json",
            "crds/src/main/resources/dev/mlops/nas/contract/score-file.schema.json",
            "docs/api.md");

    /** Writes them where they belong; works in the repository's root and in the module's folder. */
    public static void main(String[] args) throws IOException {
        Path root = Files.isDirectory(Path.of("crds")) ? Path.of("") : Path.of("..");
        write(root, root);
    }

    /** Reads the sources of one repository and writes into another folder of the same layout. */
    static void write(Path repository, Path target) throws IOException {
        Path sources = repository.resolve(Path.of("crds", "src", "main", "java", "dev", "mlops", "nas"));
        CrdManifests.write(Javadoc.read(sources.resolve("api")), target.resolve(Path.of("manifests", "crds")));
        ContractSchemas.write(
                sources.resolve("contract"),
                target.resolve(Path.of("crds", "src", "main", "resources", "dev", "mlops", "nas", "contract")));
        ApiDocument.write(target.resolve(FILES.getFirst()), target.resolve("docs/api.md"));
    }

    private GeneratedFiles() {}
}
