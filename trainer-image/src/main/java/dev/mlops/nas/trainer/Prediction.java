package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Targets.Labels;
import dev.mlops.nas.trainer.Targets.Numbers;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.StringJoiner;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A process that applies an exported network to examples without labels. */
public final class Prediction {
    private static final int BATCH = 64;

    /**
     * Prints {@code class,probability}, or the numbers that the network was trained for, for every line of a CSV file.
     *
     * @param arguments the model's folder and the file
     */
    public static void main(String[] arguments) {
        if (arguments.length != 2) {
            System.err.printf("usage: java … %s MODEL_FOLDER FILE.csv%n", Prediction.class.getName());
            System.exit(ExitCode.DATA.code());
        }
        OpenBlas.chooseKernels();
        try {
            predict(Path.of(arguments[0]), arguments[1], System.out);
        } catch (TrialException e) {
            System.err.println(e.getMessage());
            System.exit(e.code().code());
        } catch (IOException e) {
            System.err.println("Data file " + arguments[1] + " cannot be read: " + e.getMessage());
            System.exit(ExitCode.DATA.code());
        }
    }

    static void predict(Path folder, String data, PrintStream out) throws IOException {
        var limit = MemoryLimit.ofThisProcess();
        var models = new ModelFolder(folder);
        var model = models.model();
        var source = DataFile.of(data, Path.of("").toAbsolutePath());
        var shape = Shape.of(model.shape());
        var categories = Categories.of(model.categorical());
        var features = CsvReader.unlabelled(source, shape, categories);
        var targets = model.targets(features.length / shape.size());
        var examples = new Examples(source.name(), shape, features, targets, categories);
        examples.standardise(new Examples.Standard(model.mean(), model.scale()));
        var network = models.network(model, limit);
        var rows = IntStream.range(0, examples.count()).toArray();
        var outputs = new BoundNetwork(network.compile(BATCH, false, limit), examples).outputs(rows);
        switch (examples.targets()) {
            case Labels labels -> classes(Classified.logarithms(outputs, labels.classes()), labels.classes(), out);
            case Numbers numbers -> numbers(numbers.original(outputs), numbers.outputs(), out);
        }
    }

    private static void classes(float[] logarithms, int classes, PrintStream out) {
        out.println("class,probability");
        for (int row = 0; row < logarithms.length / classes; row++) {
            int best = 0;
            for (int c = 1; c < classes; c++) {
                if (logarithms[row * classes + c] > logarithms[row * classes + best]) {
                    best = c;
                }
            }
            out.printf(Locale.ROOT, "%d,%.4f%n", best, Math.exp(logarithms[row * classes + best]));
        }
    }

    private static void numbers(float[] values, int columns, PrintStream out) {
        out.println(
                columns == 1
                        ? "value"
                        : IntStream.rangeClosed(1, columns)
                                .mapToObj(c -> "value" + c)
                                .collect(Collectors.joining(",")));
        for (int start = 0; start < values.length; start += columns) {
            var line = new StringJoiner(",");
            for (int c = 0; c < columns; c++) {
                line.add(String.valueOf(Training.rounded(values[start + c])));
            }
            out.println(line);
        }
    }

    private Prediction() {}
}
