package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.Categorical;
import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.contract.TrialFile.Folders;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.contract.TrialFile.Recipe;
import dev.mlops.nas.contract.TrialFile.Split;
import dev.mlops.nas.contract.TrialResult;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tables with columns of categories, from the file to the prediction. */
class CategoriesTest {
    private static final Split SPLIT = new Split(0.6, 0.2, 0.2);
    private static final Recipe RECIPE = new Recipe("adamw", 0.01, "cosine", 32, 1e-4, null);
    private static final String MIXED = "work,age,colour,label\nstate, 20,red,0\n\"own, small\",30,blue,1\n"
            + "\"said \"\"none\"\"\",40,red,1\nstate,50,green,0\n";
    private static final Categorical WORK = named(0, "state", "own, small", "said \"none\"");
    private static final Categorical COLOUR = named(2, "green", "red", "blue");

    @TempDir
    private Path folder;

    private static Categorical named(int column, String... values) {
        return new Categorical(column, values.length, List.of(values));
    }

    @Test
    void namesBecomeCodesInTheOrderOfTheirListAndAreNotStandardised() throws IOException {
        Files.writeString(folder.resolve("mixed.csv"), MIXED);

        var examples = DataLoader.load(csv("mixed.csv", -1, 3, WORK, COLOUR), folder);
        assertThat(examples.features()).containsExactly(0, 20, 1, 1, 30, 2, 2, 40, 1, 0, 50, 0);
        assertThat(Trials.labels(examples)).containsExactly(0, 1, 1, 0);

        var standard = examples.standardise(new int[] {0, 1, 2, 3});
        assertThat(standard.mean()).containsExactly(0.0, 35.0, 0.0);
        assertThat(standard.scale().get(0)).isEqualTo(1);
        assertThat(standard.scale().get(2)).isEqualTo(1);
        assertThat(examples.features()[3]).isEqualTo(1);
        assertThat(examples.features()[1]).isCloseTo(-15 / 11.18f, within(1e-3f));
    }

    /** Columns are counted without those of the label, wherever these stand. */
    @Test
    void aLabelInFrontMovesNoColumn() throws IOException {
        Files.writeString(folder.resolve("front.csv"), "1,5,b\n0,6,a\n1,7,b\n");

        var examples = DataLoader.load(csv("front.csv", 0, 2, named(1, "a", "b")), folder);

        assertThat(examples.features()).containsExactly(5, 1, 6, 0, 7, 1);
    }

    /** Where all columns are names, the first line has no number either. */
    @Test
    void aFirstLineOfNamesIsNoHeader() throws IOException {
        Files.writeString(folder.resolve("new.csv"), "a,x\nb,y\n");
        Files.writeString(folder.resolve("headed.csv"), "first,second\na,x\nb,y\n");
        var categories = Categories.of(List.of(named(0, "a", "b"), named(1, "x", "y")));
        for (var name : List.of("new.csv", "headed.csv")) {
            assertThat(CsvReader.unlabelled(DataFile.of(name, folder), Network.Shape.image(2, 1, 1), categories))
                    .containsExactly(0, 0, 1, 1);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "state,20,black,0 | line 2: categorical column 2 holds \"black\"; allowed: green, red, blue.",
                ",20,red,0 | line 2: categorical column 0 holds \"\"; allowed: state, own, small, said \"none\".",
                "state,old,red,0 | line 2, column 2: \"old\" is not a number.",
                "state,20,red | line 2 has 3 columns, but the lines before it have 4.",
                "state,20,\"red,0 | line 2: a cell begins with a quote that never ends.",
            })
    void aBadRowIsToldByItsLine(String row, String sentence) throws IOException {
        Files.writeString(folder.resolve("bad.csv"), "state,20,red,0\n" + row + "\n");
        refused("Data file bad.csv, " + sentence, csv("bad.csv", -1, 3, WORK, COLOUR));
    }

    @Test
    void codesOutOfRangeAreToldByTheirPlaceInAnyFormat() throws IOException {
        Files.writeString(folder.resolve("codes.csv"), "0,3,0\n1,4,1\n2,5,1\n");
        refused(
                "Data file codes.csv, line 3: categorical column 0 holds 2; allowed: whole numbers 0 to 1.",
                csv("codes.csv", -1, 2, new Categorical(0, 2, null)));
        Files.writeString(folder.resolve("half.csv"), "0,3,0\n0.5,4,1\n");
        refused(
                "Data file half.csv, line 2: categorical column 0 holds 0.5; allowed: whole numbers 0 to 1.",
                csv("half.csv", -1, 2, new Categorical(0, 2, null)));

        Files.write(folder.resolve("x.idx"), new byte[] {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 9, 3, 9});
        Files.write(folder.resolve("y.idx"), new byte[] {0, 0, 8, 1, 0, 0, 0, 2, 0, 1});
        refused(
                "Data file x.idx, example 2: categorical column 0 holds 3; allowed: whole numbers 0 to 2.",
                dataset("x.idx", "idx", "y.idx", -1, 2, new Categorical(0, 3, null)));
    }

    private void refused(String sentence, DatasetRef dataset) {
        assertThatThrownBy(() -> DataLoader.load(dataset, folder))
                .isInstanceOfSatisfying(
                        TrialException.class, e -> assertThat(e.code()).isEqualTo(ExitCode.DATA))
                .hasMessage(sentence);
    }

    @Test
    void aTrialFileThatContradictsItselfIsRefused() throws IOException {
        says("dataset.categorical.column 5; allowed: 0 to 2", csv("x.csv", -1, 3, new Categorical(5, 2, null)));
        says(
                "dataset.categorical.column 1; allowed: 0 to 2, each once and in their order",
                csv("x.csv", -1, 3, new Categorical(1, 2, null), new Categorical(1, 2, null)));
        says("categories 1; allowed: at least 2", csv("x.csv", -1, 3, new Categorical(0, 1, null)));
        says("values [a, a ]; allowed: 2 names, each once", csv("x.csv", -1, 3, named(0, "a", "a ")));
        says("dataset.format npz; allowed: csv, parquet", dataset("x.npz", "npz", null, -1, 3, named(0, "a", "b")));
        var mixup = new Recipe("adamw", 0.01, "cosine", 32, 1e-4, null, null, null, null, List.of("mixup"), null);
        var file = file(
                csv("x.csv", -1, 3, new Categorical(0, 2, null)), Graphs.table().logits(2), 1, mixup, null);
        assertThat(run(file).message()).contains("recipe.augmentation [mixup]; allowed: none with dataset.categorical");
    }

    private void says(String sentence, DatasetRef dataset) throws IOException {
        var result = run(file(dataset, Graphs.table().logits(2), 1, RECIPE, null));
        assertThat(result.exitCode()).isEqualTo(ExitCode.DATA.code());
        assertThat(result.message()).contains(sentence);
    }

    /** Codes say nothing by their order: who takes them for numbers hardly learns what stores and products sell. */
    @Test
    void vectorsLearnWhatCodesAsNumbersDoNot() throws IOException {
        var vectors = Map.of(
                "categories.0",
                40.0,
                "units.0",
                20.0,
                "categories.1",
                12.0,
                "units.1",
                6.0,
                "categories.2",
                7.0,
                "units.2",
                4.0);
        var embedded = Graphs.input(6, 1, 1)
                .then("embedding", "embedding", vectors, 33)
                .then("a", "dense", Map.of("units", 64.0), 64)
                .then("b", "relu", Map.of(), 64)
                .logits(1);
        var plain = Graphs.input(6, 1, 1)
                .then("flat", "flatten", Map.of(), 6)
                .then("a", "dense", Map.of("units", 64.0), 64)
                .then("b", "relu", Map.of(), 64)
                .logits(1);

        var sales = new Sales();
        var withVectors = run(file(sales(sales.categorical()), embedded, 12, RECIPE, null));
        var withNumbers = run(file(sales(null), plain, 12, RECIPE, null));

        assertThat(withVectors.message()).isNull();
        assertThat(withVectors.metrics().get("testRmse")).isBetween(0.9, 1.6);
        assertThat(withNumbers.metrics().get("testRmse"))
                .isGreaterThan(2 * withVectors.metrics().get("testRmse"));
        assertThat(withVectors.metrics().get("params")).isEqualTo(40 * 20 + 12 * 6 + 7 * 4 + 33 * 64 + 64 + 64 + 1);
        assertThat(run(file(sales(sales.categorical()), embedded, 12, RECIPE, null))
                        .metrics()
                        .get("testRmse"))
                .as("the same again, to the last bit")
                .isEqualTo(withVectors.metrics().get("testRmse"));
    }

    private static DatasetRef sales(@Nullable List<Categorical> categorical) {
        return new DatasetRef(
                "generator:sales?examples=3000",
                "csv",
                null,
                -1,
                null,
                List.of(6, 1, 1),
                0,
                SPLIT,
                null,
                null,
                1,
                categorical);
    }

    @Test
    void aGeneratorsCategoriesAreItsOwn() {
        var sales = new Sales();
        var other = sales(sales.categorical().subList(0, 2));
        assertThatThrownBy(() -> DataLoader.load(other, folder))
                .hasMessageStartingWith("dataset.uri generator:sales?examples=3000 has the categorical columns");
        var examples = DataLoader.load(sales(sales.categorical()), folder);
        assertThat(examples.count()).isEqualTo(3_000);
    }

    /** The exported network reads names as the training did. */
    @Test
    void aNetworkOfNamesIsExportedAndApplied() throws IOException {
        var random = new SplittableRandom(4);
        var names = List.of("ash", "beech", "fir", "oak");
        var lines = new ArrayList<String>();
        for (int i = 0; i < 400; i++) {
            int tree = random.nextInt(4);
            lines.add("%s,%s,%d".formatted(random.nextDouble(), names.get(tree), tree % 2));
        }
        Files.write(folder.resolve("trees.csv"), lines);
        var graph = Graphs.input(2, 1, 1)
                .then("embedding", "embedding", Map.of("categories.1", 4.0, "units.1", 2.0), 3)
                .logits(2);
        Path model = folder.resolve("model");
        var dataset = csv("trees.csv", -1, 2, new Categorical(1, 4, names));

        var result = run(file(dataset, graph, 20, RECIPE, model));

        assertThat(result.metrics().get("accuracy")).isEqualTo(1);
        Files.writeString(folder.resolve("new.csv"), "0.3,oak\n0.9,fir\n0.1,ash\n");
        var out = new ByteArrayOutputStream();
        Prediction.predict(
                model, folder.resolve("new.csv").toString(), new PrintStream(out, true, StandardCharsets.UTF_8));
        assertThat(out.toString(StandardCharsets.UTF_8).lines().skip(1).map(line -> line.substring(0, 1)))
                .containsExactly("1", "0", "0");
        Files.writeString(folder.resolve("unknown.csv"), "0.3,oak\n0.9,elm\n");
        assertThatThrownBy(() ->
                        Prediction.predict(model, folder.resolve("unknown.csv").toString(), System.out))
                .hasMessageContaining("line 2: categorical column 1 holds \"elm\"; allowed: ash, beech, fir, oak.");
    }

    private static DatasetRef csv(String uri, int labelColumn, int columns, Categorical... categorical) {
        return dataset(uri, "csv", null, labelColumn, columns, categorical);
    }

    private static DatasetRef dataset(
            String uri,
            String format,
            @Nullable String labels,
            int labelColumn,
            int columns,
            Categorical... categorical) {
        return new DatasetRef(
                uri,
                format,
                labels,
                labelColumn,
                null,
                List.of(columns, 1, 1),
                2,
                SPLIT,
                null,
                null,
                null,
                List.of(categorical));
    }

    private TrialFile file(DatasetRef dataset, List<GraphNode> graph, int epochs, Recipe recipe, @Nullable Path model) {
        return new TrialFile(
                dataset.targets() == null ? TrialFile.VERSION : TrialFile.VERSION_OF_NUMBERS,
                "categories",
                "categories-00001",
                graph,
                Map.of(),
                dataset,
                epochs,
                1,
                7,
                recipe,
                true,
                new Folders(folder.toString(), null, null, model == null ? null : model.toString()));
    }

    private TrialResult run(TrialFile file) throws IOException {
        Path path = Files.write(folder.resolve("trial.json"), new ObjectMapper().writeValueAsBytes(file));
        return new Trial(path, null, () -> false).run(false);
    }
}
