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

    /** Adds a cell to a network. */
    @FunctionalInterface
    interface Cell {
        /** The layer with its result. */
        int addTo(Layers layers, int width, int input);
    }

    /** The network of this cell; where nothing reaches the cell's output, a zero stands for a stage's cells. */
    Layers network(CellGraph cell) {
        if (cell.output().isEmpty()) {
            return network((layers, name, channels, input) -> {
                layers.scope(name);
                return layers.zero("zero", input, 1);
            });
        }
        var copies = new CellLayers(cell.canonical(), Activation.BEFORE);
        return network((layers, width, input) -> copies.addTo(layers, width, width, 1, input));
    }

    /** The network of this cell. */
    Layers network(Cell cell) {
        return network((layers, name, channels, input) -> {
            int last = input;
            for (int i = 1; i <= options.cells(); i++) {
                layers.scope(name + ".cell" + i);
                last = cell.addTo(layers, channels, last);
            }
            return last;
        });
    }

    /** Adds the cells of a stage. */
    @FunctionalInterface
    private interface Stage {
        int addTo(Layers layers, String name, int channels, int input);
    }

    private Layers network(Stage stage) {
        var layers = new Layers();
        int last = layers.input(task);
        layers.scope("stem");
        last = layers.batchNorm("norm", layers.conv("conv", last, options.width(), Window.of(3, 1)));
        for (int i = 0; i < options.stages(); i++) {
            int channels = options.width() << i;
            if (i > 0) {
                layers.scope("reduce" + i);
                last = reduction(layers, last, channels);
            }
            last = stage.addTo(layers, "stage" + (i + 1), channels, last);
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

    CellStack scaled(Multipliers by) {
        return new CellStack(task, options.scaled(by));
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
