package dev.mlops.nas.local;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.contract.ScoreFile;
import dev.mlops.nas.contract.ScoreFile.Scored;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.Architecture;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.contract.TrialFile.Scoring;
import dev.mlops.nas.contract.TrialFile.Sharing;
import dev.mlops.nas.contract.TrialResult;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPInputStream;

/**
 * A trainer of one's own, as small as the contract allows: softmax regression on random ReLU features, as many as the
 * architecture's filters suggest. Reads CSV. Arguments make it slow or faulty, as tests need it:
 *
 * <p>{@code --journal FILE} writes a line when a training starts; {@code --pause MS} trains that much longer;
 * {@code --temporary N} ends the first N attempts of every trial with 75; {@code --crash N} ends every attempt of trial N with
 * 9 and no result; {@code --refuse N} reports trial N as an architecture that cannot be built.
 */
public final class SoftmaxTrainer {
    private static final ObjectMapper JSON =
            new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    private final TrialFile trial;
    private final Path resultFile;
    private volatile boolean done;

    private SoftmaxTrainer(TrialFile trial, Path resultFile) {
        this.trial = trial;
        this.resultFile = resultFile;
    }

    public static void main(String[] arguments) throws Exception {
        var options = new LinkedHashMap<String, String>();
        boolean checkOnly = false;
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i].equals("--check-data")) {
                checkOnly = true;
            } else {
                options.put(arguments[i], arguments[++i]);
            }
        }
        var trial =
                JSON.readValue(Path.of(System.getenv(TrialFile.PATH_VARIABLE)).toFile(), TrialFile.class);
        var trainer = new SoftmaxTrainer(trial, Path.of(System.getenv(TrialFile.RESULT_VARIABLE)));
        List<double[]> rows;
        try {
            rows = trainer.read();
        } catch (IllegalArgumentException | IOException e) {
            trainer.end(ExitCode.DATA.code(), Map.of(), List.of(), e.getMessage());
            return;
        }
        if (!checkOnly) {
            if (trial.scoring() == null) {
                trainer.train(rows, options);
            } else {
                trainer.score(trial.scoring());
            }
        }
    }

    /** Its only score is the number of filters; what has the stem's convolution alone cannot be scored. */
    private void score(Scoring scoring) throws IOException {
        List<Scored> scored = new ArrayList<>();
        for (var architecture : scoring.architectures()) {
            double filters = filters(architecture.graph());
            scored.add(
                    architecture.graph().stream()
                                            .filter(n -> n.operator().equals("conv"))
                                            .count()
                                    > 1
                            ? new Scored(architecture.name(), Map.of("naswot", filters), null)
                            : new Scored(architecture.name(), Map.of(), "There is no convolution but the stem's."));
        }
        JSON.writeValue(Path.of(scoring.scores()).toFile(), new ScoreFile(TrialFile.VERSION, scored));
        end(ExitCode.DONE.code(), Map.of(), List.of(), null);
    }

    private static double filters(List<GraphNode> graph) {
        return graph.stream()
                .mapToDouble(n -> n.attributes().getOrDefault("filters", 0.0))
                .sum();
    }

    private void train(List<double[]> rows, Map<String, String> options) throws Exception {
        int number = Integer.parseInt(trial.trial().substring(trial.trial().lastIndexOf('-') + 1));
        if (options.containsKey("--journal")) {
            Files.writeString(
                    Path.of(options.get("--journal")),
                    number + " " + ProcessHandle.current().pid() + "\n",
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            if (!done) {
                write(ExitCode.TEMPORARY.code(), Map.of(), List.of(), "terminated");
                Runtime.getRuntime().halt(ExitCode.TEMPORARY.code());
            }
        }));
        if (number == Integer.parseInt(options.getOrDefault("--crash", "0"))) {
            Runtime.getRuntime().halt(9);
        }
        if (number == Integer.parseInt(options.getOrDefault("--refuse", "0"))) {
            end(ExitCode.ARCHITECTURE.code(), Map.of(), List.of(), "this trainer does not like trial " + number);
            return;
        }
        String resume = trial.folders().resume();
        if (resume != null && !Files.exists(Path.of(resume).resolve("attempts"))) {
            end(ExitCode.ARCHITECTURE.code(), Map.of(), List.of(), "what the earlier trial left is gone");
            return;
        }
        Path attempts = Path.of(trial.folders().checkpoints()).resolve("attempts");
        int attempt = Files.exists(attempts) ? Integer.parseInt(Files.readString(attempts)) + 1 : 1;
        Files.writeString(attempts, Integer.toString(attempt));
        if (attempt <= Integer.parseInt(options.getOrDefault("--temporary", "0"))) {
            end(ExitCode.TEMPORARY.code(), Map.of(), List.of(), "a service was away");
            return;
        }
        Thread.sleep(Long.parseLong(options.getOrDefault("--pause", "0")));
        if (trial.sharing() != null && options.containsKey("--shares")) {
            share(trial.sharing());
        } else if (trial.epochs() == 0) {
            inherit();
        } else {
            fit(rows);
        }
    }

    /** The weights that all share are the largest number of filters. */
    private void share(Sharing sharing) throws IOException {
        Path list = Path.of(System.getenv(TrialFile.PATH_VARIABLE)).resolveSibling(sharing.architectures());
        Architecture[] architectures;
        try (var in = new GZIPInputStream(Files.newInputStream(list))) {
            architectures = JSON.readValue(in, Architecture[].class);
        }
        double largest = Arrays.stream(architectures)
                .mapToDouble(a -> filters(a.graph()))
                .max()
                .orElseThrow();
        Files.writeString(Path.of(trial.folders().checkpoints()).resolve("shared"), Double.toString(largest));
        end(ExitCode.DONE.code(), Map.of("sharedPaths", (double) architectures.length), List.of(), null);
    }

    private void inherit() throws IOException {
        end(ExitCode.DONE.code(), Map.of("accuracy", inherited()), List.of(), null);
    }

    private double inherited() {
        try {
            double largest = Double.parseDouble(
                    Files.readString(Path.of(trial.folders().sharedWeights()).resolve("shared")));
            return Math.min(1, 0.5 + filters(trial.graph()) / largest / 2);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<double[]> read() throws IOException {
        String data = System.getenv()
                .getOrDefault(TrialFile.DATA_VARIABLE, trial.folders().data());
        String uri = trial.dataset().uri();
        Path file = uri.startsWith("file://")
                ? Path.of(uri.substring(7))
                : Path.of(data).resolve(uri);
        if (!Files.exists(file)) {
            throw new IllegalArgumentException("the file " + file + " does not exist");
        }
        int columns = trial.dataset().shape().stream().reduce(1, (a, b) -> a * b) + 1;
        var rows = new ArrayList<double[]>();
        try (InputStream in = Files.newInputStream(file);
                var reader = new BufferedReader(new InputStreamReader(
                        uri.endsWith(".gz") ? new GZIPInputStream(in) : in, StandardCharsets.US_ASCII))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                String[] cells = line.split(",", -1);
                if (cells.length != columns) {
                    throw new IllegalArgumentException("line %d of %s has %d columns, expected %d"
                            .formatted(rows.size() + 1, file.getFileName(), cells.length, columns));
                }
                double[] row = new double[columns];
                for (int i = 0; i < columns; i++) {
                    row[i] = Double.parseDouble(cells[i]);
                }
                rows.add(row);
            }
        }
        return rows;
    }

    /** Train, validation, test; stratified, by the split's seed. */
    private List<List<double[]>> split(List<double[]> rows) {
        var parts = List.<List<double[]>>of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        for (int label = 0; label < trial.dataset().classes(); label++) {
            int wanted = label;
            var ofLabel = new ArrayList<>(
                    rows.stream().filter(r -> (int) r[r.length - 1] == wanted).toList());
            Collections.shuffle(ofLabel, new Random(trial.splitSeed() * 31 + label));
            int train =
                    (int) Math.round(ofLabel.size() * trial.dataset().split().train());
            int validation = train
                    + (int) Math.round(ofLabel.size() * trial.dataset().split().validation());
            parts.get(0).addAll(ofLabel.subList(0, train));
            parts.get(1).addAll(ofLabel.subList(train, validation));
            parts.get(2).addAll(ofLabel.subList(validation, ofLabel.size()));
        }
        return parts;
    }

    private void fit(List<double[]> rows) {
        long started = System.nanoTime();
        var random = new Random(trial.seed());
        int inputs = rows.getFirst().length - 1;
        int hidden = (int) Math.clamp(
                trial.graph().stream()
                                .filter(n -> n.operator().equals("conv"))
                                .mapToDouble(n -> n.attributes().get("filters"))
                                .sum()
                        / 3,
                4,
                96);
        double scale = rows.stream().mapToDouble(r -> r[inputs / 2]).max().orElse(1);
        double[][] projection = new double[hidden][inputs];
        for (double[] row : projection) {
            for (int i = 0; i < inputs; i++) {
                row[i] = random.nextGaussian() / Math.sqrt(inputs) / Math.max(scale, 1) * 4;
            }
        }
        int classes = trial.dataset().classes();
        double[][] weights = new double[classes][hidden + 1];
        List<List<double[]>> parts = split(rows);
        List<double[]> train = features(parts.get(0), projection);
        List<double[]> validation = features(parts.get(1), projection);
        var history = new ArrayList<TrialResult.Epoch>();
        for (int epoch = 1; epoch <= trial.epochs(); epoch++) {
            Collections.shuffle(train, random);
            double loss = 0;
            for (double[] row : train) {
                loss += step(weights, row, 0.05 * (1 - (epoch - 1.0) / trial.epochs()));
            }
            if (epoch % Math.max(1, trial.epochs() / 5) == 0) {
                double[] measured = evaluate(weights, validation);
                history.add(new TrialResult.Epoch(
                        epoch, System.currentTimeMillis(), loss / train.size(), measured[0], measured[1]));
            }
        }
        double[] measured = evaluate(weights, validation);
        var metrics = new LinkedHashMap<String, Double>();
        metrics.put("accuracy", measured[0]);
        metrics.put("loss", measured[1]);
        metrics.put("validationExamples", (double) validation.size());
        metrics.put("params", (double) classes * (hidden + 1));
        metrics.put("latencyMs", hidden / 1000.0);
        metrics.put("latencyP99Ms", hidden / 500.0);
        metrics.put("trainSeconds", (System.nanoTime() - started) / 1e9);
        if (trial.folders().sharedWeights() != null) {
            metrics.put("sharedAccuracy", inherited());
        }
        if (trial.evaluateTest()) {
            List<double[]> test = features(parts.get(2), projection);
            metrics.put("testAccuracy", evaluate(weights, test)[0]);
            metrics.put("testExamples", (double) test.size());
        }
        end(ExitCode.DONE.code(), metrics, history, null);
    }

    private static List<double[]> features(List<double[]> rows, double[][] projection) {
        var features = new ArrayList<double[]>();
        for (double[] row : rows) {
            double[] feature = new double[projection.length + 2];
            for (int h = 0; h < projection.length; h++) {
                double sum = 0;
                for (int i = 0; i < row.length - 1; i++) {
                    sum += projection[h][i] * row[i];
                }
                feature[h] = Math.max(0, sum);
            }
            feature[projection.length] = 1;
            feature[projection.length + 1] = row[row.length - 1];
            features.add(feature);
        }
        return features;
    }

    private static double[] probabilities(double[][] weights, double[] feature) {
        double[] p = new double[weights.length];
        double max = Double.NEGATIVE_INFINITY;
        for (int c = 0; c < p.length; c++) {
            for (int i = 0; i < weights[c].length; i++) {
                p[c] += weights[c][i] * feature[i];
            }
            max = Math.max(max, p[c]);
        }
        double sum = 0;
        for (int c = 0; c < p.length; c++) {
            p[c] = Math.exp(p[c] - max);
            sum += p[c];
        }
        for (int c = 0; c < p.length; c++) {
            p[c] /= sum;
        }
        return p;
    }

    private static double step(double[][] weights, double[] feature, double rate) {
        double[] p = probabilities(weights, feature);
        int label = (int) feature[feature.length - 1];
        for (int c = 0; c < p.length; c++) {
            double error = p[c] - (c == label ? 1 : 0);
            for (int i = 0; i < weights[c].length; i++) {
                weights[c][i] -= rate * error * feature[i];
            }
        }
        return -Math.log(Math.max(p[label], 1e-12));
    }

    private static double[] evaluate(double[][] weights, List<double[]> features) {
        int right = 0;
        double loss = 0;
        for (double[] feature : features) {
            double[] p = probabilities(weights, feature);
            int label = (int) feature[feature.length - 1];
            int best = 0;
            for (int c = 1; c < p.length; c++) {
                best = p[c] > p[best] ? c : best;
            }
            right += best == label ? 1 : 0;
            loss -= Math.log(Math.max(p[label], 1e-12));
        }
        return new double[] {(double) right / features.size(), loss / features.size()};
    }

    private void end(int code, Map<String, Double> metrics, List<TrialResult.Epoch> history, String message) {
        done = true;
        write(code, metrics, history, message);
        System.exit(code);
    }

    private void write(int code, Map<String, Double> metrics, List<TrialResult.Epoch> history, String message) {
        try {
            var result = new TrialResult(
                    TrialFile.VERSION,
                    trial.trial(),
                    code,
                    metrics,
                    trial.epochs(),
                    history,
                    message,
                    Map.of("framework", "softmax regression in Java", "device", "cpu"));
            Path temporary = resultFile.resolveSibling(resultFile.getFileName() + ".tmp");
            Files.write(temporary, JSON.writeValueAsBytes(result));
            Files.move(temporary, resultFile, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
