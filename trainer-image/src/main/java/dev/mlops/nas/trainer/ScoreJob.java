package dev.mlops.nas.trainer;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mlops.nas.contract.ScoreFile;
import dev.mlops.nas.contract.ScoreFile.Scored;
import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.Architecture;
import dev.mlops.nas.contract.TrialFile.Scoring;
import dev.mlops.nas.trainer.Network.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;

/** Scores many architectures, one after the other, on the same examples; one that cannot be built does not end the job. */
final class ScoreJob {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final TrialFile file;
    private final Examples examples;
    private final int[] rows;
    private final BooleanSupplier stopRequested;

    ScoreJob(TrialFile file, Examples examples, Partition partition, BooleanSupplier stopRequested) {
        this.file = file;
        this.examples = examples;
        this.rows = partition.train().clone();
        Partition.shuffle(rows, new SplittableRandom(file.seed()));
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
        try {
            var document = new ScoreFile(TrialFile.VERSION, scored);
            ResultWriter.write(JSON.writeValueAsBytes(document), Path.of(scoring.scores()));
        } catch (IOException e) {
            throw TrialException.terminated("The scores cannot be written to %s: %s.", scoring.scores(), e);
        }
    }

    private Scored score(Architecture architecture) {
        try {
            var shape = Shape.of(file.dataset().shape());
            var scores = new Scores(architecture.graph(), shape, examples, file.seed());
            return new Scored(architecture.name(), scores.of(rows), null);
        } catch (TrialException e) {
            return new Scored(architecture.name(), Map.of(), e.getMessage());
        }
    }
}
