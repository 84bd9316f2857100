package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.contract.TrialFile.Split;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Reading, checking and cutting data. */
class DataTest {
    private static final Split HALVES = new Split(0.6, 0.2, 0.2);

    @TempDir
    private Path folder;

    @Test
    void theDigitsAreReadWithTheirSum() {
        var sum = "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22";
        var dataset = new DatasetRef("digits.csv.gz", "csv", null, -1, sum, List.of(1, 8, 8), 10, HALVES);

        var examples = DataLoader.load(dataset, Trials.DATA);

        assertThat(examples.count()).isEqualTo(1797);
        assertThat(examples.features()).startsWith(0, 0, 5, 13, 9, 1);
        assertThat(examples.labels()).startsWith(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    }

    @Test
    void theSplitIsStratifiedDisjointAndTheSameForEverySeedOfATrial() {
        var examples = DataLoader.load(Trials.digits().dataset(), Trials.DATA);

        var one = Partition.of(examples, HALVES, 7);
        var same = Partition.of(examples, HALVES, 7);
        var other = Partition.of(examples, HALVES, 8);

        assertThat(one.test()).isEqualTo(same.test()).isNotEqualTo(other.test());
        var all = IntStream.concat(
                IntStream.concat(IntStream.of(one.train()), IntStream.of(one.validation())), IntStream.of(one.test()));
        assertThat(all.sorted().toArray()).isEqualTo(IntStream.range(0, 1797).toArray());
        for (int label = 0; label < 10; label++) {
            int wanted = label;
            assertThat(IntStream.of(one.test())
                            .filter(row -> examples.labels()[row] == wanted)
                            .count())
                    .isBetween(34L, 38L);
        }
    }

    @Test
    void channelsAreStandardisedByTheTrainingPartAlone() throws IOException {
        Files.writeString(folder.resolve("d.csv"), "1,10,0\n3,10,1\n1000,10,0\n");
        var examples = DataLoader.load(dataset("d.csv", List.of(2, 1, 1), 2), folder);

        examples.standardise(new int[] {0, 1});

        assertThat(examples.features()).containsExactly(-1, 0, 1, 0, 998, 0);
    }

    @Test
    void imagesAreReadChannelByChannel() throws IOException {
        Files.writeString(folder.resolve("d.csv"), "a,b,c,d,label\n1,2,3,4,0\n5,6,7,8,1\n");

        var examples = DataLoader.load(dataset("d.csv", List.of(2, 1, 2), 2), folder);

        assertThat(examples.features()).containsExactly(1, 3, 2, 4, 5, 7, 6, 8);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1,2,0/3,1/5,6,0 | line 2 has 2 columns, but the lines before it have 3",
                "1,2,3,0/3,4,5,1 | line 1 has 4 columns, but shape [1, 1, 2] needs 2 values and a label, 3 columns",
                "1,2,0/3,NaN,1 | line 2, column 2 is NaN; every value must be a finite number",
                "1,2,0/3,,1 | line 2, column 2: \"\" is not a number",
                "1,2,0/3,x4,1 | line 2, column 2: \"x4\" is not a number",
                "1,2,0/3,4,2 | line 2: label 2 is out of range; allowed: whole numbers 0 to 1",
                "1,2,0/3,4,-1 | line 2: label -1 is out of range",
                "1,2,0/3,4,0.5 | line 2: label 0.5 is out of range",
                "1,2,0/3,4,0 | has examples of 1 classes, but dataset.classes is 2: class 1 never occurs",
                "a,b,c | has no examples"
            })
    void aBadRowIsNamed(String rows, String sentence) throws IOException {
        Files.writeString(folder.resolve("d.csv"), rows.replace('/', '\n') + "\n");

        assertRefused(dataset("d.csv", List.of(1, 1, 2), 2), "Data file d.csv", sentence);
    }

    @Test
    void filesThatAreNotWhatTheyShouldBeAreRefused() throws IOException {
        Files.writeString(folder.resolve("plain.csv.gz"), "1,2,0\n");
        var gzip = Files.readAllBytes(Trials.DATA.resolve("digits.csv.gz"));
        Files.write(folder.resolve("cut.csv.gz"), Arrays.copyOf(gzip, 20_000));
        var two = List.of(1, 1, 2);

        assertRefused(dataset("none.csv", two, 2), folder.resolve("none.csv") + " does not exist");
        assertRefused(dataset("plain.csv.gz", two, 2), "plain.csv.gz ends in .gz but is not a gzip file");
        assertRefused(dataset("cut.csv.gz", List.of(1, 8, 8), 10), "cut.csv.gz is truncated or damaged");
        assertRefused(dataset("s3://bucket/key", two, 2), "s3://bucket/key is not a file");
        assertRefused(
                new DatasetRef("plain.csv.gz", "csv", null, -1, "00ff", two, 2, HALVES),
                "plain.csv.gz has sha256",
                "but dataset.sha256 is 00ff");
        assertRefused(new DatasetRef("plain.csv.gz", "csv", null, 7, null, two, 2, HALVES), "dataset.labelColumn is 7");
    }

    @Test
    void aClassWithTooFewExamplesForTheSplitIsNamed() throws IOException {
        Files.writeString(folder.resolve("d.csv"), "1,2,0\n1,2,0\n1,2,0\n3,4,1\n3,4,1\n");
        var examples = DataLoader.load(dataset("d.csv", List.of(1, 1, 2), 2), folder);

        assertThatThrownBy(() -> Partition.of(examples, HALVES, 1))
                .hasMessageContaining("d.csv has 2 example(s) of class 1");
    }

    @Test
    void idxFilesAreReadAndChecked() throws IOException {
        writeIdx("images.gz", new int[] {3, 2, 2}, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255);
        writeIdx("labels.gz", new int[] {3}, 0, 1, 1);
        writeIdx("short.gz", new int[] {2}, 0, 1);
        writeIdx("wrong.gz", new int[] {3}, 0, 1, 2);

        var examples = DataLoader.load(idx("images.gz", "labels.gz", 2), folder);

        assertThat(examples.labels()).containsExactly(0, 1, 1);
        assertThat(examples.features()).startsWith(1, 2, 3, 4).endsWith(255);
        assertRefused(idx("images.gz", "short.gz", 2), "short.gz has 2 labels, but images.gz has 3 images");
        assertRefused(idx("images.gz", "wrong.gz", 2), "example 3: label 2 is out of range");
        assertRefused(
                idx("labels.gz", "labels.gz", 2), "labels.gz has 1 values per example, but shape [1, 2, 2] needs 4");
        assertRefused(idx("images.gz", null, 2), "dataset.labels is missing");
        Files.writeString(folder.resolve("text"), "not an idx file");
        assertRefused(idx("text", "labels.gz", 2), "text is not an IDX file");
    }

    private void writeIdx(String name, int[] sides, int... values) throws IOException {
        var bytes = ByteBuffer.allocate(4 + 4 * sides.length + values.length);
        bytes.putInt(0x0800 + sides.length);
        for (int side : sides) {
            bytes.putInt(side);
        }
        for (int value : values) {
            bytes.put((byte) value);
        }
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(folder.resolve(name)))) {
            out.write(bytes.array());
        }
    }

    private static DatasetRef idx(String images, @Nullable String labels, int classes) {
        return new DatasetRef(images, "idx", labels, -1, null, List.of(1, 2, 2), classes, HALVES);
    }

    private static DatasetRef dataset(String uri, List<Integer> shape, int classes) {
        return new DatasetRef(uri, "csv", null, -1, null, shape, classes, HALVES);
    }

    private void assertRefused(DatasetRef dataset, String... sentences) {
        assertThatThrownBy(() -> DataLoader.load(dataset, folder))
                .isInstanceOfSatisfying(
                        TrialException.class, e -> assertThat(e.code()).isEqualTo(ExitCode.DATA))
                .hasMessageContainingAll(sentences);
    }
}
