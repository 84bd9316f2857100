package dev.mlops.nas.search;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Puts one cell into a graph; a sum or a ReLU that several operations need is there once. */
final class CellNodes {
    private final GraphBuilder builder;
    private final String name;
    private final CellGraph cell;
    private final String[] results;
    private final Map<List<Integer>, String> sums = new HashMap<>();
    private final Map<List<Integer>, String> relus = new HashMap<>();

    CellNodes(GraphBuilder builder, String name, CellGraph cell, String input) {
        this.builder = builder;
        this.name = name;
        this.cell = cell;
        this.results = new String[cell.operations() + 1];
        results[CellGraph.INPUT] = input;
        for (int v = 1; v < results.length; v++) {
            results[v] = operation(v, name + ".op" + v);
        }
    }

    /** The node that gives the cell's result. */
    String output() {
        return sum(cell.output());
    }

    private String operation(int vertex, String as) {
        List<Integer> sources = cell.sources(vertex);
        int width = builder.channels(results[CellGraph.INPUT]);
        EdgeOperation operation = cell.operation(vertex);
        return switch (operation) {
            case CONV1, CONV3 -> {
                String conv = builder.conv(as + ".conv", relu(sources), width, operation.convolutionKernel(), 1, 1);
                yield builder.batchNorm(as + ".norm", conv);
            }
            case AVG_POOL -> builder.avgPool(as + ".pool", sum(sources), 3, 1);
            case MAX_POOL -> builder.maxPool(as + ".pool", sum(sources), 3, 1);
            case NONE, SKIP -> throw new IllegalStateException(operation + " is resolved before");
        };
    }

    private String relu(List<Integer> sources) {
        String relu = relus.get(sources);
        if (relu == null) {
            relu = builder.relu(name + ".relu" + (relus.size() + 1), sum(sources));
            relus.put(sources, relu);
        }
        return relu;
    }

    private String sum(List<Integer> sources) {
        if (sources.size() == 1) {
            return results[sources.getFirst()];
        }
        String sum = sums.get(sources);
        if (sum == null) {
            sum = builder.sum(
                    name + ".sum" + (sums.size() + 1),
                    sources.stream().map(s -> results[s]).toList());
            sums.put(sources, sum);
        }
        return sum;
    }
}
