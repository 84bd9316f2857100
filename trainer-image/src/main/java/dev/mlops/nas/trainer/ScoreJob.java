package dev.mlops.nas.trainer;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.contract.ScoreFile;
import dev.mlops.nas.contract.ScoreFile.Scored;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.Architecture;
import dev.mlops.nas.contract.TrialFile.Scoring;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/** Scores many architectures, one after the other, on the same examples; one that cannot be built does not end the job. */
final class ScoreJob {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final TrialFile file;
    private final Examples examples;
    private final Partition partition;
    private final int[] rows;
    private final BooleanSupplier stopRequested;

    ScoreJob(TrialFile file, Examples examples, Partition partition, BooleanSupplier stopRequested) {
        this.file = file;
        this.examples = examples;
        this.partition = partition;
        this.rows = Scores.rows(partition, file.splitSeed());
        this.stopRequested = stopRequested;
    }

    /**
     * Scores all and writes the file.
     *
     * @throws TrialException with exit code 75 when asked to stop, or when the file cannot be written
     */
    void run(Scoring scoring) {
        var scored = new ArrayList<Scored>();
        for (var architecture : scoring.architectures()) {
            if (stopRequested.getAsBoolean()) {
                throw TrialException.terminated(
                        "Terminated after %d of %d architectures were scored.",
                        scored.size(), scoring.architectures().size());
            }
            scored.add(score(architecture));
        }
        if (scoring.sharedEpochs() != null) {
            share(scoring, scoring.sharedEpochs(), scored);
        }
        try {
            var document = new ScoreFile(TrialFile.VERSION, scored);
            ResultWriter.write(JSON.writeValueAsBytes(document), Path.of(scoring.scores()));
        } catch (IOException e) {
            throw TrialException.terminated("The scores cannot be written to %s: %s.", scoring.scores(), e);
        }
    }

    /** Adds the score of weights that all architectures share, but for those that cannot be built. */
    private void share(Scoring scoring, int epochs, List<Scored> scored) {
        var built = IntStream.range(0, scored.size())
                .filter(i -> scored.get(i).message() == null)
                .boxed()
                .toList();
        var graphs =
                built.stream().map(i -> scoring.architectures().get(i).graph()).toList();
        if (graphs.isEmpty()) {
            return;
        }
        int batch = Math.min(file.recipe().batchSize(), partition.train().length);
        try (var supernet =
                new Supernet(file, examples, partition, graphs, epochs, batch, MemoryLimit.ofThisProcess())) {
            supernet.train(stopRequested);
            for (int i = 0; i < graphs.size(); i++) {
                var before = scored.get(built.get(i));
                var scores = new TreeMap<>(before.scores());
                scores.put("sharedAccuracy", Training.rounded(supernet.score(i).of("accuracy")));
                scored.set(built.get(i), new Scored(before.name(), scores, null));
            }
        }
    }

    private Scored score(Architecture architecture) {
        try {
            var scores = new Scores(architecture.graph(), examples, file.seed());
            return new Scored(architecture.name(), scores.of(rows), null);
        } catch (TrialException e) {
            return new Scored(architecture.name(), Map.of(), e.getMessage());
        }
    }
}
