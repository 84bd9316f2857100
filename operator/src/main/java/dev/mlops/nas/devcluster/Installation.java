package dev.mlops.nas.devcluster;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** Where this product's files lie: the folder in {@code NAS_HOME}, else the nearest folder above the working folder that is one. */
record Installation(Path home) {
    private static final Path MARK = Path.of("operator", "control-plane", "build.sh");

    /** Finds the product's folder. */
    static Installation find() {
        return Stream.concat(
                        Optional.ofNullable(System.getenv("NAS_HOME")).map(Path::of).stream(),
                        Stream.iterate(
                                Path.of("").toAbsolutePath(), folder -> folder != null, folder -> folder.getParent()))
                .filter(folder -> Files.exists(folder.resolve(MARK)))
                .findFirst()
                .map(Installation::new)
                .orElseThrow(() -> new DevClusterException(
                        "the folder of nas-operator was not found: start nas by the launcher ./nas, or set NAS_HOME"));
    }

    /** A file of the product by its path from the product's folder. */
    Path file(String path) {
        return home.resolve(path);
    }
}
