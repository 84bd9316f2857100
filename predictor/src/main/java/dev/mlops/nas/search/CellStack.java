package dev.mlops.nas.search;

import dev.mlops.nas.search.CellLayers.Activation;
import dev.mlops.nas.search.Layers.Window;
import dev.mlops.nas.search.Spaces.StackOptions;
import dev.mlops.nas.search.Spaces.Task;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The stack of NAS-Bench-201: a 3x3 convolution, stages of equal cells that keep the shape, a residual block between stages that
 * halves the sides and doubles the width, batch norm, ReLU, global average pooling, dense.
 */
record CellStack(Task task, StackOptions options) {
    private static final int REDUCTION_KERNEL = 3;

    /** The network of this cell; where nothing reaches the cell's output, a zero stands for a stage's cells. */
    Layers network(CellGraph cell) {
        var layers = new Layers();
        int last = layers.input(task);
        layers.scope("stem");
        last = layers.batchNorm("norm", layers.conv("conv", last, options.width(), Window.of(3, 1)));
        var copies = new CellLayers(cell.canonical(), Activation.BEFORE);
        for (int stage = 0; stage < options.stages(); stage++) {
            int channels = options.width() << stage;
            if (stage > 0) {
                layers.scope("reduce" + stage);
                last = reduction(layers, last, channels);
            }
            String name = "stage" + (stage + 1);
            if (cell.output().isEmpty()) {
                layers.scope(name);
                last = layers.zero("zero", last);
                continue;
            }
            for (int i = 1; i <= options.cells(); i++) {
                layers.scope(name + ".cell" + i);
                last = copies.addTo(layers, channels, channels, 1, last);
            }
        }
        layers.scope("head");
        last = layers.relu("relu", layers.batchNorm("norm", last));
        layers.dense("logits", layers.globalAvgPool("pool", last), task.classes());
        return layers;
    }

    private static int reduction(Layers layers, int input, int width) {
        int first = layers.conv("conv1", layers.relu("relu1", input), width, Window.of(REDUCTION_KERNEL, 2));
        int again = layers.relu("relu2", layers.batchNorm("norm1", first));
        int second = layers.conv("conv2", again, width, Window.of(REDUCTION_KERNEL, 1));
        int residual = layers.batchNorm("norm2", second);
        int pooled = layers.avgPool("pool", input, 2, 2);
        int shortcut = layers.conv("shortcut", pooled, width, Window.of(1, 1));
        return layers.sum("sum", shortcut, residual);
    }

    /** A text that is the same for equal stacks. */
    String context() {
        return task + " " + options + " ";
    }

    /** In a few words. */
    static String words(StackOptions options, String cells) {
        String widths = IntStream.range(0, options.stages())
                .mapToObj(s -> Integer.toString(options.width() << s))
                .collect(Collectors.joining(", "));
        return "stages: " + options.stages() + ", " + cells + ": " + options.cells() + ", channels: " + widths;
    }
}
