package dev.mlops.nas.local;

import dev.mlops.nas.contract.TrialFile;
import dev.mlops.nas.contract.TrialFile.Folders;
import dev.mlops.nas.contract.TrialFile.GraphNode;
import dev.mlops.nas.contract.TrialFile.Recipe;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * The small trials that a trainer is given.
 *
 * @param folder holds data, trial files and results
 * @param patience how long one trial may take
 */
record CheckTrials(TrainerCommand command, Path folder, Duration patience) {
    /** A trial file by the usual recipe. */
    TrialFile file(String name, List<GraphNode> graph, int epochs, boolean test) {
        return new TrialFile(
                TrialFile.VERSION,
                "check",
                name,
                graph,
                Map.of(),
                StripedImages.table(),
                epochs,
                7,
                1,
                new Recipe("adamw", 0.01, "cosine", 16, 0.0005, null),
                test,
                new Folders(folder.toString(), folder.resolve("checkpoints").toString(), null));
    }

    /** Lets the trainer train; trial file, result and log are called by the name. */
    TrainerRun run(TrialFile file, String name) throws IOException, InterruptedException {
        return TrainerRun.of(command, file, folder, name, 1, patience);
    }
}
