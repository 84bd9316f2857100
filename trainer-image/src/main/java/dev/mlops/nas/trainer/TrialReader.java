package dev.mlops.nas.trainer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.Categorical;
import dev.mlops.nas.contract.TrialFile.DatasetRef;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/** Reads a trial file and checks everything that does not depend on the data or the architecture. */
final class TrialReader {
    private static final ObjectMapper JSON =
            new ObjectMapper().configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);

    private TrialReader() {}

    /**
     * The trial file at a path.
     *
     * @throws TrialException with exit code 65 when it is missing, no JSON, of another version or incomplete
     */
    static TrialFile read(Path path) {
        if (!Files.isRegularFile(path)) {
            throw TrialException.data("Trial file %s does not exist.", path);
        }
        try {
            var tree = JSON.readTree(Files.readAllBytes(path));
            if (tree == null || !tree.isObject()) {
                throw TrialException.data("Trial file %s is empty or not a JSON object.", path);
            }
            var version = tree.path("contractVersion").asText("none");
            if (!version.equals(TrialFile.VERSION) && !version.equals(TrialFile.VERSION_OF_NUMBERS)) {
                throw TrialException.data(
                        "Trial file %s has contractVersion %s; this trainer knows %s and %s only.",
                        path, version, TrialFile.VERSION, TrialFile.VERSION_OF_NUMBERS);
            }
            requireFields(path, tree);
            return checked(path, JSON.treeToValue(tree, TrialFile.class));
        } catch (JsonProcessingException e) {
            throw TrialException.data(
                    "Trial file %s is truncated or not valid JSON: %s.", path, firstLine(e.getOriginalMessage()));
        } catch (IOException e) {
            throw TrialException.data(
                    "Trial file %s cannot be read: %s.", path, firstLine(String.valueOf(e.getMessage())));
        }
    }

    private static void requireFields(Path path, JsonNode tree) {
        var required = new String[] {
            "/trial",
            "/graph",
            "/dataset/uri",
            "/dataset/format",
            "/dataset/shape",
            "/dataset/classes",
            "/dataset/split",
            "/epochs",
            "/recipe/optimizer",
            "/recipe/learningRate",
            "/recipe/schedule",
            "/recipe/batchSize",
            "/folders/data"
        };
        for (var field : required) {
            if (tree.at(field).isMissingNode() || tree.at(field).isNull()) {
                throw TrialException.data(
                        "Trial file %s lacks the field %s.",
                        path, field.substring(1).replace('/', '.'));
            }
        }
        requireNodeFields(path, tree.path("graph"));
        requireSharingFields(path, tree.path("sharing"));
        var scoring = tree.path("scoring");
        if (scoring.isObject()) {
            if (!scoring.hasNonNull("scores")) {
                throw TrialException.data("Trial file %s lacks the field scoring.scores.", path);
            }
            if (scoring.hasNonNull("sharedEpochs")
                    && scoring.path("sharedEpochs").asInt() < 1) {
                throw TrialException.data(
                        "Trial file %s has scoring.sharedEpochs %s; allowed: at least 1.",
                        path, scoring.path("sharedEpochs"));
            }
            for (var architecture : scoring.path("architectures")) {
                if (!architecture.hasNonNull("name")
                        || !architecture.path("graph").isArray()) {
                    throw TrialException.data(
                            "Trial file %s has an architecture to score without name or graph.", path);
                }
                requireNodeFields(path, architecture.path("graph"));
            }
        }
        if (tree.path("relaxed").isObject()) {
            requireRelaxed(path, tree.path("relaxed"));
        }
    }

    private static void requireRelaxed(Path path, JsonNode relaxed) {
        requireNodeFields(path, relaxed.path("graph"));
        if (relaxed.path("derive").asInt() < 1) {
            throw TrialException.data(
                    "Trial file %s has relaxed.derive %s; allowed: at least 1.",
                    path, relaxed.path("derive").asText());
        }
        if (relaxed.path("mixtures").isEmpty()) {
            throw TrialException.data("Trial file %s has no relaxed.mixtures; allowed: at least one.", path);
        }
        for (var mixture : relaxed.path("mixtures")) {
            if (!mixture.hasNonNull("name") || mixture.path("choices").isEmpty()) {
                throw TrialException.data("Trial file %s has a mixture without name or choices: %s.", path, mixture);
            }
        }
    }

    private static void requireSharingFields(Path path, JsonNode sharing) {
        for (var field : new String[] {"architectures", "sampling", "pathsPerStep"}) {
            if (sharing.isObject() && !sharing.hasNonNull(field)) {
                throw TrialException.data("Trial file %s lacks the field sharing.%s.", path, field);
            }
        }
    }

    private static void requireNodeFields(Path path, JsonNode graph) {
        for (var node : graph) {
            for (var field : new String[] {"name", "operator", "shape"}) {
                if (!node.hasNonNull(field)) {
                    throw TrialException.data("Trial file %s has a graph node without %s: %s.", path, field, node);
                }
            }
        }
    }

    private static TrialFile checked(Path path, TrialFile file) {
        var recipe = file.recipe();
        boolean inherits = file.folders().sharedWeights() != null && file.sharing() == null && file.scoring() == null;
        require(
                path,
                file.epochs() >= (inherits ? 0 : 1),
                "epochs",
                file.epochs(),
                inherits ? "0 or more" : "at least 1");
        if (file.sharing() != null) {
            requireOneOf(path, "sharing.sampling", file.sharing().sampling(), Set.of("uniform", "fair", "sandwich"));
            require(
                    path,
                    file.sharing().pathsPerStep() >= 1,
                    "sharing.pathsPerStep",
                    file.sharing().pathsPerStep(),
                    "at least 1");
        }
        require(
                path,
                Training.scheduleEpochs(file) >= file.epochs(),
                "recipe.scheduleEpochs",
                Training.scheduleEpochs(file),
                "epochs or more");
        require(path, recipe.batchSize() >= 1, "recipe.batchSize", recipe.batchSize(), "at least 1");
        require(path, recipe.learningRate() > 0, "recipe.learningRate", recipe.learningRate(), "above 0");
        require(path, recipe.weightDecay() >= 0, "recipe.weightDecay", recipe.weightDecay(), "0 or more");
        requireOneOf(path, "recipe.optimizer", recipe.optimizer(), Set.of("adam", "adamw", "sgd"));
        requireOneOf(path, "recipe.schedule", recipe.schedule(), Set.of("cosine", "constant"));
        requireOneOf(
                path,
                "dataset.format",
                file.dataset().format(),
                Set.of("csv", "parquet", "idx", "npy", "npz", "images"));
        var shape = file.dataset().shape();
        require(
                path,
                shape.size() == 3 && shape.stream().allMatch(side -> side >= 1),
                "dataset.shape",
                shape,
                "channels, height, width, each at least 1");
        if (file.relaxed() != null && file.relaxed().order() != null) {
            requireOneOf(path, "relaxed.order", file.relaxed().order(), Set.of("first", "second"));
        }
        checkTargets(path, file);
        checkCategories(path, file);
        checkFidelity(path, file.dataset());
        checkRegularisation(path, file);
        return file;
    }

    private static void checkTargets(Path path, TrialFile file) {
        var targets = file.dataset().targets();
        var recipe = file.recipe();
        if (targets == null) {
            require(
                    path,
                    file.dataset().classes() >= 2,
                    "dataset.classes",
                    file.dataset().classes(),
                    "at least 2");
            return;
        }
        require(path, targets >= 1, "dataset.targets", targets, "at least 1");
        require(
                path,
                !file.dataset().format().equals("images"),
                "dataset.format",
                "images",
                "csv, parquet, idx, npy, npz with dataset.targets");
        double smoothing = recipe.labelSmoothing() == null ? 0 : recipe.labelSmoothing();
        require(path, smoothing == 0, "recipe.labelSmoothing", smoothing, "0 with dataset.targets");
        require(
                path,
                !"balanced".equals(recipe.classWeights()),
                "recipe.classWeights",
                "balanced",
                "uniform with dataset.targets");
        require(
                path,
                file.scoring() == null || file.scoring().sharedEpochs() == null,
                "scoring.sharedEpochs",
                file.scoring() == null ? 0 : String.valueOf(file.scoring().sharedEpochs()),
                "none with dataset.targets, as it tells accuracies");
        require(path, file.sharing() == null, "sharing", "paths", "none with dataset.targets, as it tells accuracies");
        require(
                path,
                file.relaxed() == null,
                "relaxed",
                "choices",
                "none with dataset.targets, as it tells accuracies");
    }

    private static void checkCategories(Path path, TrialFile file) {
        var dataset = file.dataset();
        if (dataset.categorical() == null) {
            return;
        }
        require(
                path,
                dataset.shape().get(1) == 1 && dataset.shape().get(2) == 1,
                "dataset.shape",
                dataset.shape(),
                "columns, 1, 1 with dataset.categorical");
        var augmentation = file.recipe().augmentation();
        require(
                path,
                augmentation == null || augmentation.isEmpty(),
                "recipe.augmentation",
                String.valueOf(augmentation),
                "none with dataset.categorical, as codes cannot be mixed");
        int before = -1;
        for (var column : dataset.categorical()) {
            checkCategory(path, dataset, column, before);
            before = column.column();
        }
    }

    private static void checkCategory(Path path, DatasetRef dataset, Categorical column, int before) {
        String field = "dataset.categorical of column " + column.column();
        require(
                path,
                column.column() > before && column.column() < dataset.shape().getFirst(),
                "dataset.categorical.column",
                column.column(),
                "0 to %d, each once and in their order"
                        .formatted(dataset.shape().getFirst() - 1));
        require(path, column.categories() >= 2, field + " with categories", column.categories(), "at least 2");
        var values = column.values();
        if (values != null) {
            requireOneOf(path, "dataset.format", dataset.format(), Set.of("csv", "parquet"));
            require(
                    path,
                    values.size() == column.categories()
                            && values.stream().map(String::strip).distinct().count() == values.size(),
                    field + " with values",
                    values,
                    "%d names, each once".formatted(column.categories()));
        }
    }

    private static void checkFidelity(Path path, DatasetRef dataset) {
        double fraction = dataset.fraction() == null ? 1 : dataset.fraction();
        require(path, fraction > 0 && fraction <= 1, "dataset.fraction", fraction, "above 0, at most 1");
        var resolution = dataset.resolution();
        require(
                path,
                resolution == null
                        || (resolution.size() == 2
                                && resolution.get(0) >= 1
                                && resolution.get(0) <= dataset.shape().get(1)
                                && resolution.get(1) >= 1
                                && resolution.get(1) <= dataset.shape().get(2)),
                "dataset.resolution",
                String.valueOf(resolution),
                "height and width, each at least 1 and at most that of dataset.shape");
    }

    private static void checkRegularisation(Path path, TrialFile file) {
        var recipe = file.recipe();
        int warmUp = Training.warmUpEpochs(file);
        require(
                path,
                warmUp == 0 || (warmUp > 0 && warmUp < Training.scheduleEpochs(file)),
                "recipe.warmUpEpochs",
                warmUp,
                "0 or more, and less than the schedule's epochs");
        double smoothing = recipe.labelSmoothing() == null ? 0 : recipe.labelSmoothing();
        require(
                path,
                smoothing >= 0 && smoothing < 1,
                "recipe.labelSmoothing",
                smoothing,
                "0 or more, and less than 1");
        double clipping = recipe.gradientClipping() == null ? 1 : recipe.gradientClipping();
        require(path, clipping > 0, "recipe.gradientClipping", clipping, "above 0");
        if (recipe.classWeights() != null) {
            requireOneOf(path, "recipe.classWeights", recipe.classWeights(), Set.of("uniform", "balanced"));
        }
        if (recipe.augmentation() != null) {
            for (var change : recipe.augmentation()) {
                requireOneOf(path, "recipe.augmentation", change, Augmentation.NAMES);
                require(
                        path,
                        change.equals("mixup") || file.dataset().shape().getLast() > 1,
                        "recipe.augmentation",
                        change,
                        "mixup for examples that are one value wide");
            }
        }
    }

    private static void require(Path path, boolean holds, String field, Object value, String allowed) {
        if (!holds) {
            throw TrialException.data("Trial file %s has %s %s; allowed: %s.", path, field, value, allowed);
        }
    }

    private static void requireOneOf(Path path, String field, String value, Set<String> allowed) {
        require(
                path,
                allowed.contains(value),
                field,
                value,
                String.join(", ", allowed.stream().sorted().toList()));
    }

    private static String firstLine(String text) {
        return text.lines().findFirst().orElse("").strip();
    }
}
