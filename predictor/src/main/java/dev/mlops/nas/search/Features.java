package dev.mlops.nas.search;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What surrogates see of an architecture, in groups that each have their own scale: decisions (one-hot), ordered decisions (the
 * place of the choice where all choices are numbers), analytic cost (logarithms), structure (what the live graph holds), and for
 * cells the paths through them ({@link CellFeatures}).
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

        private Vector(int[] groups, int[] columns, double[] values) {
            this.groups = groups;
            this.columns = columns;
            this.values = values;
        }

        /** The same with one more group, of a single column. */
        Vector with(double value) {
            int width = groups.length;
            int[] wider = Arrays.copyOf(groups, width + 1);
            wider[width] = groups[width - 1] + 1;
            if (value == 0) {
                return new Vector(wider, columns, values);
            }
            int[] more = Arrays.copyOf(columns, columns.length + 1);
            more[columns.length] = width;
            double[] theirs = Arrays.copyOf(values, values.length + 1);
            theirs[values.length] = value;
            return new Vector(wider, more, theirs);
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

    private final SearchSpace space;
    private final List<Decision> decisions;
    private final double[][] ordered;
    private final CellFeatures cells;
    private final Map<Genotype, Vector> known = new ConcurrentHashMap<>();
    private final @Nullable Transfer transfer;
    private int @Nullable [] layout;

    Features(SearchSpace space) {
        this(space, null);
    }

    /** With a group of what earlier experiments tell. */
    Features(SearchSpace space, @Nullable Transfer transfer) {
        this.space = space;
        this.transfer = transfer;
        this.decisions = space.decisions();
        this.ordered = decisions.stream()
                .map(d -> space instanceof ParameterSpace ? places(positions(d)) : positions(d))
                .toArray(double[][]::new);
        this.cells = new CellFeatures(space instanceof StackedSpace stacked ? stacked.operations() : List.of());
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

    /** Choices at even distances: free parameters are listed on the scale that suits them. */
    private static double[] places(double[] positions) {
        return IntStream.range(0, positions.length)
                .mapToDouble(i -> i / (positions.length - 1.0))
                .toArray();
    }

    Vector of(Candidate candidate) {
        if (known.size() > Candidates.KEPT) {
            known.clear();
        }
        return known.computeIfAbsent(candidate.genotype(), g -> {
            double[][] dense = compute(candidate);
            if (transfer != null) {
                dense = Arrays.copyOf(dense, dense.length + 1);
                dense[dense.length - 1] = transfer.means(candidate);
            }
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
            case StackedSpace stacked -> {
                var graphs = stacked.cells(genotype).values();
                yield new double[][] {
                    oneHot(genotype),
                    cost,
                    graphs.stream()
                            .flatMapToDouble(c -> Arrays.stream(cells.structure(c)))
                            .toArray(),
                    graphs.stream()
                            .flatMapToDouble(c -> Arrays.stream(cells.paths(c)))
                            .toArray()
                };
            }
            case ChainSpace chain -> new double[][] {oneHot(genotype), ordered(genotype), cost, chain(chain, genotype)};
            case ParameterSpace parameters ->
                parameters.hasNetwork()
                        ? new double[][] {oneHot(genotype), ordered(genotype), cost}
                        : new double[][] {oneHot(genotype), ordered(genotype)};
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
}
