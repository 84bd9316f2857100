package dev.mlops.nas.local;

import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.contract.TrialFile.Split;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;

/**
 * The data that a trainer is held against: images of four kinds, with stripes this way or that way, with squares like a chessboard's,
 * or with nothing but noise. They differ plainly, and all have much the same brightness but for the last.
 */
final class StripedImages {
    static final int CLASSES = 4;

    /** Rows and columns. */
    static final int SIDE = 8;

    /** Standard deviation of the labels 0 to 3 as numbers. */
    static final double SPREAD = Math.sqrt(1.25);

    private static final int EXAMPLES = 320;
    private static final String CSV = "stripes.csv";
    private static final String PARQUET = "stripes.parquet";
    private static final String FOLDERS = "stripes";

    private StripedImages() {}

    /** Writes all files that the data sets of this class name. */
    static void write(Path folder) throws IOException {
        var csv = new StringBuilder();
        var columns = new int[SIDE * SIDE + 1][EXAMPLES];
        var random = new SplittableRandom(1);
        for (int i = 0; i < EXAMPLES; i++) {
            int label = i % CLASSES;
            var image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_BYTE_GRAY);
            for (int pixel = 0; pixel < SIDE * SIDE; pixel++) {
                int value = random.nextInt(6) + (isBright(label, pixel / SIDE, pixel % SIDE) ? 8 : 0);
                csv.append(value).append(',');
                columns[pixel][i] = value;
                image.getRaster().setSample(pixel % SIDE, pixel / SIDE, 0, value);
            }
            csv.append(label).append('\n');
            columns[SIDE * SIDE][i] = label;
            Path own = Files.createDirectories(folder.resolve(FOLDERS).resolve("label-" + label));
            ImageIO.write(image, "png", own.resolve(i + ".png").toFile());
        }
        Files.writeString(folder.resolve(CSV), csv);
        ParquetTable.write(folder.resolve(PARQUET), List.of(columns));
    }

    private static boolean isBright(int label, int row, int column) {
        return switch (label) {
            case 0 -> row % 2 == 0;
            case 1 -> column % 2 == 0;
            case 2 -> (row + column) % 2 == 0;
            default -> false;
        };
    }

    /** One row of a table each. */
    static DatasetRef table() {
        return of(CSV, "csv", CLASSES, null, null, null);
    }

    /** A part of the training part, or images of fewer rows and columns. */
    static DatasetRef reduced(@Nullable Double fraction, @Nullable List<Integer> resolution) {
        return of(CSV, "csv", CLASSES, fraction, resolution, null);
    }

    /** Labels as numbers that are to be foretold. */
    static DatasetRef numbers() {
        return of(CSV, "csv", 0, null, null, 1);
    }

    /** A file that is not there. */
    static DatasetRef missing() {
        return of("nowhere.csv", "csv", CLASSES, null, null, null);
    }

    /** The same table in columns. */
    static DatasetRef columns() {
        return of(PARQUET, "parquet", CLASSES, null, null, null);
    }

    /** A PNG file each, in a folder for each label. */
    static DatasetRef folders() {
        return of(FOLDERS, "images", CLASSES, null, null, null);
    }

    private static DatasetRef of(
            String uri,
            String format,
            int classes,
            @Nullable Double fraction,
            @Nullable List<Integer> resolution,
            @Nullable Integer targets) {
        var split = new Split(0.6, 0.2, 0.2);
        var shape = List.of(1, SIDE, SIDE);
        return new DatasetRef(uri, format, null, -1, null, shape, classes, split, fraction, resolution, targets);
    }
}
