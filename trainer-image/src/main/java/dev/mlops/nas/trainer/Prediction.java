package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.trainer.Network.Shape;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.IntStream;

/** A process that applies an exported network to examples without labels. */
public final class Prediction {
    private static final int BATCH = 64;

    /**
     * Prints {@code class,probability} for every line of a CSV file.
     *
     * @param arguments the model's folder and the file
     */
    public static void main(String[] arguments) {
        if (arguments.length != 2) {
            System.err.printf("usage: java … %s MODEL_FOLDER FILE.csv%n", Prediction.class.getName());
            System.exit(ExitCode.DATA.code());
        }
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
        var examples = CsvReader.unlabelled(
                DataFile.of(data, Path.of("").toAbsolutePath()), Shape.of(model.shape()), model.classes());
        examples.standardise(new Examples.Standard(model.mean(), model.scale()));
        var network = models.network(model, limit);
        var rows = IntStream.range(0, examples.labels().length).toArray();
        var classifier = new Classifier(network.compile(BATCH, false, limit), examples);
        var logarithms = classifier.logarithms(rows);
        out.println("class,probability");
        for (int row = 0; row < rows.length; row++) {
            int best = 0;
            for (int c = 1; c < model.classes(); c++) {
                if (logarithms[row * model.classes() + c] > logarithms[row * model.classes() + best]) {
                    best = c;
                }
            }
            out.printf(Locale.ROOT, "%d,%.4f%n", best, Math.exp(logarithms[row * model.classes() + best]));
        }
    }

    private Prediction() {}
}
