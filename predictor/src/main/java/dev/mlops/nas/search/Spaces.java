package dev.mlops.nas.search;

import java.util.List;
import java.util.Map;

/** Builds search spaces; every method throws {@link SpaceException} with one sentence when the options contradict each other. */
public final class Spaces {
    /** One example's shape and the number of classes. */
    public record Task(int channels, int height, int width, int classes) {}

    /** One stage of a chain; choices in lists, one entry fixes the value. */
    public record StageOptions(
            String name,
            int stride,
            List<Integer> depth,
            List<String> operators,
            List<Integer> kernels,
            List<Integer> expansions,
            List<Integer> widths,
            List<Boolean> skips) {}

    /** Stages after a 3x3 stem, then pooling, dropout and a dense layer. */
    public record ChainOptions(int stemWidth, List<StageOptions> stages, List<Double> dropouts) {}

    /** A cell with operations on edges, stacked in stages as in NAS-Bench-201. */
    public record CellOptions(int nodes, List<String> operations, int stages, int cellsPerStage, int width) {}

    /** {@code small-cnn} or {@code nb201-cell}, for the task, with references by decisions beside the built-in ones. */
    public static SearchSpace preset(String name, Task task, Map<String, Map<String, String>> references) {
        throw new UnsupportedOperationException();
    }

    /** A chain; operators are conv, separable, mbconv, maxpool, avgpool. References by decisions, beside built-in ones. */
    public static SearchSpace chain(ChainOptions options, Task task, Map<String, Map<String, String>> references) {
        throw new UnsupportedOperationException();
    }

    /** A cell; operations are none, skip, conv1x1, conv3x3, avgpool3x3, maxpool3x3. */
    public static SearchSpace cell(CellOptions options, Task task, Map<String, Map<String, String>> references) {
        throw new UnsupportedOperationException();
    }

    private Spaces() {}
}
