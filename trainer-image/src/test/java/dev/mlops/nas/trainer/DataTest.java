package dev.mlops.nas.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.contract.TrialFile.Split;
import dev.mlops.nas.trainer.Network.Shape;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Reading, checking and cutting data. */
class DataTest {
    private static final Split HALVES = new Split(0.6, 0.2, 0.2);

    /** Arrays that NumPy wrote. */
    private static final Path NUMPY = Path.of("src/test/resources/numpy").toAbsolutePath();

    @TempDir
    private Path folder;

    @Test
    void theDigitsAreReadWithTheirSum() {
        var sum = "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22";
        var dataset = new DatasetRef("digits.csv.gz", "csv", null, -1, sum, List.of(1, 8, 8), 10, HALVES);

        var examples = DataLoader.load(dataset, Trials.DATA);

        assertThat(examples.count()).isEqualTo(1797);
        assertThat(examples.features()).startsWith(0, 0, 5, 13, 9, 1);
        assertThat(Trials.labels(examples)).startsWith(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
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
                            .filter(row -> Trials.labels(examples)[row] == wanted)
                            .count())
                    .isBetween(34L, 38L);
        }
    }

    @Test
    void lessToLearnFromIsStratifiedAndLiesInMore() {
        var examples = DataLoader.load(Trials.digits().dataset(), Trials.DATA);
        var whole = Partition.of(examples, HALVES, 7);

        var fifth = whole.withLessToLearnFrom(examples, 0.2, 7);
        var half = whole.withLessToLearnFrom(examples, 0.5, 7);
        var all = whole.withLessToLearnFrom(examples, 1, 7);
        var least = whole.withLessToLearnFrom(examples, 1e-6, 7);

        assertThat(all.train()).isEqualTo(whole.train());
        assertThat(list(whole.train())).containsAll(list(half.train()));
        assertThat(list(half.train())).containsAll(list(fifth.train()));
        assertThat(list(fifth.train())).containsAll(list(least.train()));
        assertThat(fifth.train()).isNotEqualTo(Arrays.copyOf(whole.train(), fifth.train().length));
        for (int label = 0; label < 10; label++) {
            assertThat(count(examples, fifth.train(), label))
                    .isEqualTo((int) Math.ceil(0.2 * count(examples, whole.train(), label)));
            assertThat(count(examples, least.train(), label)).isEqualTo(1);
        }
        assertThat(fifth.validation()).isEqualTo(whole.validation());
        assertThat(fifth.test()).isEqualTo(whole.test());
    }

    private static int count(Examples examples, int[] rows, int label) {
        return (int) IntStream.of(rows)
                .filter(row -> Trials.labels(examples)[row] == label)
                .count();
    }

    private static List<Integer> list(int[] rows) {
        return IntStream.of(rows).boxed().toList();
    }

    @Test
    void aReducedImageHoldsTheMeansOfThePixelsThatItCovers() {
        float[] values = {1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60};
        var examples = new Examples(
                "test", new Shape(2, 2, 3, Shape.of(List.of(1, 1, 1)).form()), values, new Targets.Labels(2, new int[] {
                    0
                }));

        assertThat(examples.reduced(1, 1).features()).containsExactly(3.5f, 35);
        // columns 0 to 1 and 1 to 2: the one in the middle counts for both
        assertThat(examples.reduced(1, 2).features()).containsExactly(3, 30, 4, 40);
        assertThat(examples.reduced(2, 3).features()).containsExactly(values);
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

    @Test
    void arraysOfNumPyAreReadInAllTheirForms() {
        var archive = DataLoader.load(numpy("npz", "bytes.npz", null), NUMPY);

        // channel by channel in the file, pixel by pixel in memory
        assertThat(Arrays.copyOf(archive.features(), 12)).containsExactly(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11);
        assertThat(Trials.labels(archive)).containsExactly(0, 1, 0, 1);
        for (var labels : List.of("labels.npy", "float-labels.npy")) {
            var rows = DataLoader.load(numpy("npy", "big-endian-rows.npy", labels), NUMPY);
            assertThat(rows.features()).isEqualTo(archive.features());
            assertThat(Trials.labels(rows)).isEqualTo(Trials.labels(archive));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "npz | other-names.npz | | holds the arrays [x_train, y_train]; it must hold x, the examples, and y",
                "npz | labels.npy | | labels.npy is truncated or damaged",
                "npy | columns.npy | labels.npy | is written column by column; write it with numpy.ascontiguousarray",
                "npy | half.npy | labels.npy | holds 16-bit floating-point numbers",
                "npy | text.npy | labels.npy | is not a NumPy array of whole or floating-point numbers",
                "npy | bytes.npz | labels.npy | is not a NumPy array",
                "npy | channels-last.npy | labels.npy | has the shape [4, 2, 2, 3], but dataset.shape [3, 2, 2] needs",
                "npy | not-finite.npy | labels.npy | example 3, value 6 is NaN; every value must be a finite number",
                "npy | big-endian-rows.npy | half-labels.npy | example 1: label 0.5 is not a whole number",
                "npy | big-endian-rows.npy | big-endian-rows.npy | it must hold a label for each of the 4 examples",
                "npy | big-endian-rows.npy | | dataset.labels is missing; format npy needs"
            })
    void anArrayThatCannotBeUsedIsNamed(String format, String uri, @Nullable String labels, String sentence) {
        assertThatThrownBy(() -> DataLoader.load(numpy(format, uri, labels), NUMPY))
                .isInstanceOfSatisfying(
                        TrialException.class, e -> assertThat(e.code()).isEqualTo(ExitCode.DATA))
                .hasMessageContaining(sentence);
    }

    private static DatasetRef numpy(String format, String uri, @Nullable String labels) {
        return new DatasetRef(uri, format, labels, -1, null, List.of(3, 2, 2), 2, HALVES);
    }

    @Test
    void imagesLieInAFolderForEachClass() throws IOException {
        write("signs/give-way/b.png", BufferedImage.TYPE_INT_RGB, 0x102030);
        write("signs/give-way/a.PNG", BufferedImage.TYPE_INT_ARGB, 0xff405060);
        write("signs/stop/1.jpg", BufferedImage.TYPE_INT_RGB, 0x808080);
        write("signs/stop/2.png", BufferedImage.TYPE_BYTE_GRAY, 0x070707);
        Files.writeString(folder.resolve("signs/stop/readme.txt"), "no image");
        Files.createDirectories(folder.resolve("signs/.cache"));

        var colours = DataLoader.load(images("signs", 3, 3), folder);
        var greys = DataLoader.load(images("signs", 1, 3), folder);

        assertThat(Trials.labels(colours)).containsExactly(0, 0, 1, 1);
        assertThat(Arrays.copyOf(colours.features(), 6)).containsExactly(0x40, 0x50, 0x60, 0x40, 0x50, 0x60);
        assertThat(colours.features()[2 * 18]).isCloseTo(0x80, within(2f));
        assertThat(greys.features()[0]).isCloseTo(0.299f * 0x40 + 0.587f * 0x50 + 0.114f * 0x60, within(1e-3f));
        assertThat(greys.features()[3 * 6])
                .isEqualTo(greys.features()[3 * 6 + 5])
                .isCloseTo(7, within(1e-3f));
    }

    @Test
    void anImageThatCannotBeUsedIsNamed() throws IOException {
        write("signs/a/1.png", BufferedImage.TYPE_INT_RGB, 0);
        write("signs/b/1.png", BufferedImage.TYPE_INT_RGB, 0);
        assertImages(
                images("signs", 3, 4), "Data file a/1.png is 2 pixels high and 3 wide, but dataset.shape is [3, 2, 4]");
        assertImages(images("signs", 2, 3), "has 2 channels; images have 1 or 3");
        Files.writeString(folder.resolve("signs/b/2.jpeg"), "no image");
        assertImages(images("signs", 3, 3), "Data file b/2.jpeg cannot be read as a PNG or JPEG image");
        Files.createDirectories(folder.resolve("signs/c"));
        assertImages(images("signs", 3, 3), "Data folder signs has 3 folders, but dataset.classes is 2");
        assertImages(images("nowhere", 3, 3), "nowhere does not exist");
        assertImages(
                new DatasetRef("signs", "images", null, -1, "00", List.of(3, 2, 3), 2, HALVES),
                "dataset.sha256 is of one file");
    }

    private void assertImages(DatasetRef dataset, String sentence) {
        assertThatThrownBy(() -> DataLoader.load(dataset, folder))
                .isInstanceOfSatisfying(
                        TrialException.class, e -> assertThat(e.code()).isEqualTo(ExitCode.DATA))
                .hasMessageContaining(sentence);
    }

    private static DatasetRef images(String uri, int channels, int width) {
        return new DatasetRef(uri, "images", null, -1, null, List.of(channels, 2, width), 2, HALVES);
    }

    /** Three pixels wide, two high, in one colour. */
    private void write(String name, int type, int color) throws IOException {
        var image = new BufferedImage(3, 2, type);
        for (int i = 0; i < 6; i++) {
            image.setRGB(i % 3, i / 3, color);
        }
        if (type == BufferedImage.TYPE_BYTE_GRAY) {
            image.getRaster().setSamples(0, 0, 3, 2, 0, new int[] {7, 7, 7, 7, 7, 7});
        }
        var file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        assertThat(ImageIO.write(image, name.endsWith("jpg") ? "jpg" : "png", file.toFile()))
                .isTrue();
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
        assertRefused(dataset("ftp://host/key", two, 2), "ftp://host/key is not a file");
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

        assertThat(Trials.labels(examples)).containsExactly(0, 1, 1);
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
