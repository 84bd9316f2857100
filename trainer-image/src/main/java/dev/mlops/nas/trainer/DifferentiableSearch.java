package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.Relaxed;
import dev.mlops.nas.contract.TrialResult.Derived;
import dev.mlops.nas.contract.TrialResult.Epoch;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * Trains a graph with open choices epoch by epoch ({@link Bilevel}), stops where {@link Curvature} rises, goes back to the choices before
 * that, and names the architectures that they come to. A checkpoint after every epoch holds all of it, so that a search that was
 * terminated comes to the same.
 */
final class DifferentiableSearch implements AutoCloseable {
    private final TrialFile file;
    private final Relaxed relaxed;
    private final Bilevel training;
    private final Mixtures mixtures;
    private final Curvature curvature = new Curvature();
    private final Checkpoints checkpoints;
    private final BooleanSupplier stopRequested;
    private final List<double[]> logits = new ArrayList<>();
    private final List<Epoch> history = new ArrayList<>();
    private final long start = System.nanoTime();
    private double secondsBefore;
    private int kept;

    /**
     * A search that has not begun.
     *
     * @param batch examples of a step, as far as either half of the training part has so many
     * @throws TrialException with exit code 64 when the graph cannot be built, 65 when there are too few examples, 69 when it does not
     *     fit into memory
     */
    DifferentiableSearch(
            TrialFile file,
            Relaxed relaxed,
            Examples examples,
            Partition partition,
            int batch,
            MemoryLimit limit,
            BooleanSupplier stopRequested) {
        this.file = file;
        this.relaxed = relaxed;
        this.training = new Bilevel(file, relaxed, examples, partition, batch, limit);
        this.mixtures = training.mixtures();
        this.checkpoints = new Checkpoints(file, file.folders().checkpoints());
        this.stopRequested = stopRequested;
    }

    /**
     * Trains what is left until the last epoch, or until the curvature rises.
     *
     * @throws TrialException with exit code 64 when the loss is no number any more, 75 when asked to stop
     */
    void run() {
        restore();
        for (int epoch = history.size() + 1; epoch <= file.epochs() && !curvature.rises(file.epochs()); epoch++) {
            if (!training.learn(epoch, stopRequested)) {
                throw checkpoints.terminated(
                        "epoch %d of %d of the differentiable search".formatted(epoch, file.epochs()),
                        this::checkpoint);
            }
            look(epoch);
            checkpoints.write(this::checkpoint);
        }
        boolean stopped = curvature.rises(file.epochs());
        kept = stopped ? history.size() - Curvature.WINDOW : history.size();
        if (stopped) {
            System.out.printf(
                    "%s stops after epoch %d of %d: the curvature rises; the choices are those of epoch %d%n",
                    file.trial(), history.size(), file.epochs(), kept);
        }
    }

    /** Takes down what an epoch came to. */
    private void look(int epoch) {
        double loss = training.closeEpoch();
        var score = training.score();
        logits.add(mixtures.logits());
        double eigenvalue =
                curvature.measure(mixtures.logits(), training::slopes, new SplittableRandom(file.seed() * 31 + epoch));
        var more = new LinkedHashMap<>(shares(heaviest(epoch)));
        more.put("curvature", Training.rounded(eigenvalue));
        history.add(new Epoch(
                epoch,
                System.currentTimeMillis(),
                Training.rounded(loss),
                Training.rounded(score.of("accuracy")),
                Training.rounded(score.of("loss")),
                null,
                null,
                null,
                null,
                more));
        System.out.printf(
                "%s open choices, epoch %d/%d: train loss %s, accuracy %s, %s%n",
                file.trial(),
                epoch,
                file.epochs(),
                Training.rounded(loss),
                Training.rounded(score.of("accuracy")),
                more);
    }

    private Checkpoint checkpoint() {
        var more = new ArrayList<>(curvature.state());
        more.addAll(logits);
        return training.checkpoint(history, seconds(), more);
    }

    private void restore() {
        var saved = checkpoints.read(training.vectors());
        if (saved == null) {
            return;
        }
        var more = training.restore(saved);
        curvature.restore(more.subList(0, 2));
        logits.addAll(more.subList(2, more.size()));
        history.addAll(saved.history());
        secondsBefore = saved.seconds();
        System.out.printf(
                "%s goes on from its checkpoint: %d epochs and %d batches are done%n",
                file.trial(), history.size(), saved.batchesDone());
    }

    /** Removes the checkpoints of a search that is done. */
    void forget() {
        checkpoints.remove();
    }

    /** Epochs that were trained. */
    List<Epoch> history() {
        return List.copyOf(history);
    }

    /** Spent on the search until now, by earlier processes as well. */
    double seconds() {
        return secondsBefore + (System.nanoTime() - start) / 1e9;
    }

    /** What the result has to say beside the architectures. */
    Map<String, Double> metrics(List<Derived> derived) {
        mixtures.open(at(kept));
        double open = training.accuracy();
        double closed = derived.getFirst().accuracy();
        var metrics = new LinkedHashMap<String, Double>();
        metrics.put("relaxedAccuracy", Training.rounded(open));
        metrics.put("derivedAccuracy", closed);
        metrics.put("relaxedGap", Training.rounded(open - closed));
        metrics.putAll(shares(derived.getFirst().choices()));
        metrics.put(
                "curvature",
                Objects.requireNonNull(history.get(kept - 1).more()).getOrDefault("curvature", 0.0));
        metrics.put("keptEpoch", (double) kept);
        metrics.put("trainedEpochs", (double) history.size());
        metrics.put("params", (double) training.params());
        return metrics;
    }

    /**
     * The architectures: the heaviest at the choices that count; then, by the accuracy that they have with the weights as they are, what
     * was heaviest at epochs before, as half of the rest at most, and the next heaviest.
     */
    List<Derived> derive() {
        Set<List<Integer>> found = new LinkedHashSet<>(List.of(heaviest(kept)));
        int ofEarlier = 1 + (relaxed.derive() - 1) / 2;
        for (int epoch = kept - 1; epoch > 0 && found.size() < ofEarlier; epoch--) {
            found.add(heaviest(epoch));
        }
        for (var next : derivation(kept).heaviest(relaxed.derive())) {
            if (found.size() < relaxed.derive()) {
                found.add(next);
            }
        }
        var derived = new ArrayList<Derived>();
        for (var closed : found) {
            mixtures.close(closed);
            derived.add(new Derived(closed, Training.rounded(training.accuracy())));
        }
        derived.subList(1, derived.size())
                .sort(Comparator.comparingDouble(Derived::accuracy).reversed());
        return derived;
    }

    private double[] at(int epoch) {
        return logits.get(epoch - 1);
    }

    private List<Integer> heaviest(int epoch) {
        return derivation(epoch).heaviest(1).getFirst();
    }

    private Derivation derivation(int epoch) {
        return new Derivation(mixtures.list(), mixtures.shares(at(epoch)));
    }

    /** Part of the choices that are a skip, and nothing. */
    private Map<String, Double> shares(List<Integer> closed) {
        var names = IntStream.range(0, closed.size())
                .filter(m -> closed.get(m) >= 0)
                .mapToObj(m -> mixtures.list().get(m).choices().get(closed.get(m)))
                .toList();
        var shares = new LinkedHashMap<String, Double>();
        for (var watched : List.of("skip", "none")) {
            double count = names.stream().filter(watched::equals).count();
            shares.put(watched + "Share", Training.rounded(count / names.size()));
        }
        return shares;
    }

    @Override
    public void close() {
        training.close();
    }
}
