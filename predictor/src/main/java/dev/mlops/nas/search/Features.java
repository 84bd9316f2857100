package dev.mlops.nas.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What surrogates see of an architecture, in groups that each have their own scale: decisions (one-hot), ordered decisions (the
 * place of the choice where all choices are numbers), analytic cost (logarithms), structure (what the live graph holds), and for
 * cells the paths from input to output, each with its operations in order (White et al., "BANANAS", AAAI 2021).
 */
final class Features {
    /** One architecture: the columns that are not 0, in ascending order, and their values. Immutable. */
    static final class Vector {
        private final int[] groups;
        private final int[] columns;
        private final double[] values;

        /**
         * Keeps what is not 0.
         *
         * @param groups number of its group for every column; shared by all vectors of a space
         * @param dense values of every group
         */
        private Vector(int[] groups, double[][] dense) {
            double[] flat = flat(dense);
            this.groups = groups;
            this.columns =
                    IntStream.range(0, flat.length).filter(c -> flat[c] != 0).toArray();
            this.values = Arrays.stream(columns).mapToDouble(c -> flat[c]).toArray();
        }

        /** Number of its group for every column, ascending from 0. */
        int[] groups() {
            return groups;
        }

        /** Columns that are not 0. */
        int[] columns() {
            return columns;
        }

        /** Values of {@link #columns}. */
        double[] values() {
            return values;
        }

        /** All columns. */
        double[] flat() {
            double[] flat = new double[groups.length];
            for (int i = 0; i < columns.length; i++) {
                flat[columns[i]] = values[i];
            }
            return flat;
        }

        private static double[] flat(double[][] dense) {
            return Arrays.stream(dense).flatMapToDouble(Arrays::stream).toArray();
        }
    }

    private static final int LONGEST_PATH = 3;

    private final SearchSpace space;
    private final List<Decision> decisions;
    private final double[][] ordered;
    private final Map<String, Integer> paths = new HashMap<>();
    private final Map<Genotype, Vector> known = new ConcurrentHashMap<>();
    private int @Nullable [] layout;

    Features(SearchSpace space) {
        this.space = space;
        this.decisions = space.decisions();
        this.ordered = decisions.stream().map(Features::positions).toArray(double[][]::new);
        if (space instanceof CellSpace) {
            paths.put("", 0);
            List<String> operations = decisions.getFirst().choices().stream()
                    .filter(o -> !o.equals("none") && !o.equals("skip"))
                    .toList();
            List<String> ends = List.of("");
            for (int length = 0; length < LONGEST_PATH; length++) {
                List<String> longer = new ArrayList<>();
                for (String end : ends) {
                    for (String operation : operations) {
                        longer.add(end + operation + ";");
                    }
                }
                longer.forEach(p -> paths.put(p, paths.size()));
                ends = longer;
            }
        }
    }

    /** Place of each choice on [0, 1] by the logarithm of numbers; empty where the choices are not all numbers. */
    private static double[] positions(Decision decision) {
        double[] values = new double[decision.choices().size()];
        for (int i = 0; i < values.length; i++) {
            try {
                values[i] = StrictMath.log1p(
                        Math.abs(Double.parseDouble(decision.choices().get(i))));
            } catch (NumberFormatException e) {
                return new double[0];
            }
        }
        double low = Arrays.stream(values).min().orElse(0);
        double high = Arrays.stream(values).max().orElse(0);
        for (int i = 0; i < values.length; i++) {
            values[i] = high > low ? (values[i] - low) / (high - low) : 0;
        }
        return values;
    }

    Vector of(Candidate candidate) {
        if (known.size() > Candidates.KEPT) {
            known.clear();
        }
        return known.computeIfAbsent(candidate.genotype(), g -> {
            double[][] dense = compute(candidate);
            return new Vector(layout(dense), dense);
        });
    }

    private synchronized int[] layout(double[][] dense) {
        if (layout == null) {
            layout = IntStream.range(0, dense.length)
                    .flatMap(g -> IntStream.generate(() -> g).limit(dense[g].length))
                    .toArray();
        }
        return layout;
    }

    /** Every group with all its columns. */
    private double[][] compute(Candidate candidate) {
        Genotype genotype = candidate.genotype();
        double[] cost = {
            StrictMath.log1p((double) candidate.cost().params()),
            StrictMath.log1p((double) candidate.cost().macs())
        };
        return switch (space) {
            case CellSpace cell -> cell(cell, genotype, cost);
            case ChainSpace chain -> new double[][] {oneHot(genotype), ordered(genotype), cost, chain(chain, genotype)};
        };
    }

    private double[] oneHot(Genotype genotype) {
        int width = decisions.stream().mapToInt(d -> d.choices().size()).sum();
        double[] hot = new double[width];
        int at = 0;
        for (int i = 0; i < decisions.size(); i++) {
            int choice = genotype.choices().get(i);
            if (choice >= 0) {
                hot[at + choice] = 1;
            }
            at += decisions.get(i).choices().size();
        }
        return hot;
    }

    private double[] ordered(Genotype genotype) {
        double[] values = new double[decisions.size()];
        for (int i = 0; i < values.length; i++) {
            int choice = genotype.choices().get(i);
            values[i] = choice < 0 || ordered[i].length == 0 ? 0 : ordered[i][choice];
        }
        return values;
    }

    /** Layers by kind, and their number in all. */
    private static double[] chain(ChainSpace space, Genotype genotype) {
        Map<String, Integer> counts = new TreeMap<>();
        for (String kind : List.of("conv", "depthwise", "pointwise", "pool", "add", "wide")) {
            counts.put(kind, 0);
        }
        for (Graph.Node node : space.graph(genotype).nodes()) {
            String kind = switch (node.operator()) {
                case "conv" ->
                    node.attributes().getOrDefault("groups", 1.0) > 1
                            ? "depthwise"
                            : node.attributes().getOrDefault("kernel", 1.0) > 1 ? "conv" : "pointwise";
                case "maxPool", "avgPool" -> "pool";
                case "add" -> "add";
                default -> "other";
            };
            if (!kind.equals("other")) {
                counts.merge(kind, 1, Integer::sum);
            }
            if (node.operator().equals("conv") && node.attributes().getOrDefault("kernel", 1.0) > 3) {
                counts.merge("wide", 1, Integer::sum);
            }
        }
        return counts.values().stream().mapToDouble(StrictMath::log1p).toArray();
    }

    private double[][] cell(CellSpace space, Genotype genotype, double[] cost) {
        int nodes = space.nodes();
        List<String> edges =
                space.edges(genotype).stream().map(EdgeOperation::text).toList();
        List<List<String>> into = new ArrayList<>();
        into.add(List.of(""));
        int edge = 0;
        for (int node = 1; node < nodes; node++) {
            List<String> ways = new ArrayList<>();
            for (int from = 0; from < node; from++, edge++) {
                String operation = edges.get(edge);
                if (!operation.equals("none")) {
                    String step = operation.equals("skip") ? "" : operation + ";";
                    into.get(from).forEach(w -> ways.add(w + step));
                }
            }
            into.add(ways);
        }
        double[] counts = new double[paths.size()];
        List<String> operations = decisions.getFirst().choices();
        double[] structure = new double[operations.size() + 5];
        int longest = 0;
        int shortest = Integer.MAX_VALUE;
        int steps = 0;
        for (String path : into.getLast()) {
            // Paths longer than those with a place of their own count by their last operations.
            String[] parts = path.isEmpty() ? new String[0] : path.split(";");
            String end = path;
            if (parts.length > LONGEST_PATH) {
                end = String.join(";", List.of(parts).subList(parts.length - LONGEST_PATH, parts.length)) + ";";
            }
            counts[paths.getOrDefault(end, 0)]++;
            int deep = 0;
            for (String part : parts) {
                structure[operations.indexOf(part)]++;
                deep += part.startsWith("conv") ? 1 : 0;
            }
            longest = Math.max(longest, deep);
            shortest = Math.min(shortest, deep);
            steps += deep;
        }
        int ways = into.getLast().size();
        int at = operations.size();
        structure[at++] = longest;
        structure[at++] = ways == 0 ? -1 : shortest;
        structure[at++] = ways == 0 ? 0 : (double) steps / ways;
        structure[at++] = StrictMath.log1p(ways);
        structure[at] = ways == 0 ? 1 : 0;
        for (int i = 0; i < counts.length; i++) {
            counts[i] = StrictMath.sqrt(counts[i]);
        }
        return new double[][] {oneHot(genotype), cost, structure, counts};
    }
}
