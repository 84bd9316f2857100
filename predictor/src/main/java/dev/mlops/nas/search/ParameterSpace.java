package dev.mlops.nas.search;

import dev.mlops.nas.search.Spaces.Task;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Named parameters, each with a finite list of values, some chosen only under conditions on others; a {@link NetworkKind} turns them
 * into a graph.
 *
 * <p>Decisions are ordered by name, but for those that need others: these follow what they need. A parameter with one value is a
 * setting of the network and no decision. Two genotypes are the same architecture when their graphs are: what has no effect (the
 * width of no layer, a window over everything) does not count.
 *
 * <p>Without a network the decisions are all there is: a trainer of the user's own knows what they mean. Then every genotype is an
 * architecture of its own, its graph has no nodes, and its cost is unknown.
 */
public final class ParameterSpace implements DecisionSpace {
    private final @Nullable NetworkKind kind;
    private final Map<String, String> settings;
    private final Task task;
    private final Decisions decisions;
    private final List<Reference> references;
    private final Multipliers multipliers;

    /** Everything has been checked by {@link Spaces#parameters}. */
    ParameterSpace(
            @Nullable NetworkKind kind,
            Map<String, String> fixed,
            Task task,
            Decisions decisions,
            List<Reference> references) {
        this.kind = kind;
        var settings = new HashMap<>(kind == null ? Map.of() : kind.defaults(task));
        settings.putAll(fixed);
        this.settings = Map.copyOf(settings);
        this.task = task;
        this.decisions = decisions;
        this.references = List.copyOf(references);
        this.multipliers = Multipliers.ONE;
    }

    private ParameterSpace(ParameterSpace full, Multipliers by) {
        this.kind = full.kind;
        this.settings = full.settings;
        this.task = full.task;
        this.decisions = full.decisions;
        this.references = full.references;
        this.multipliers = full.multipliers.times(by);
    }

    @Override
    public Decisions table() {
        return decisions;
    }

    @Override
    public boolean hasNetwork() {
        return kind != null;
    }

    /** The network of a genotype; null where the space has none. */
    private @Nullable Network network(Genotype genotype) {
        Map<String, String> chosen = describe(checked(genotype));
        return kind == null ? null : kind.network(new NetworkValues(chosen, settings, task, multipliers));
    }

    /** Each is one where every genotype is an architecture; a network's settings without effect are not counted. */
    @Override
    public OptionalLong multiplicity(Genotype representative) {
        return kind == null ? OptionalLong.of(1) : OptionalLong.empty();
    }

    @Override
    public Graph graph(Genotype genotype) {
        Network network = network(genotype);
        return network == null ? new Graph(List.of()) : network.graph(task);
    }

    @Override
    public String architectureHash(Genotype genotype) {
        Network network = network(genotype);
        return Fingerprint.of("parameters " + task + " " + (network == null ? describe(genotype) : network));
    }

    @Override
    public Cost cost(Genotype genotype) {
        Network network = network(genotype);
        return network == null ? Cost.UNKNOWN : GraphCost.of(network.graph(task));
    }

    @Override
    public Cost smallest() {
        return kind == null
                ? Cost.UNKNOWN
                : new Cost(
                        Smallest.of(this, g -> cost(g).params()),
                        Smallest.of(this, g -> cost(g).macs()),
                        Smallest.of(this, g -> cost(g).activationBytes()));
    }

    @Override
    public List<Reference> references() {
        return references;
    }

    @Override
    public ParameterSpace scaled(Multipliers by) {
        return new ParameterSpace(this, by);
    }

    @Override
    public List<Integer> sizes() {
        return kind == null ? List.of() : kind.sizes(this::wholes, multipliers);
    }

    /** What a setting may be: the choices of its decision, and its value where it is not decided. */
    private List<Integer> wholes(String setting) {
        Stream<String> chosen =
                decisions().stream().filter(d -> d.name().equals(setting)).flatMap(d -> d.choices().stream());
        return Stream.concat(chosen, Stream.ofNullable(settings.get(setting)))
                .map(Integer::valueOf)
                .toList();
    }
}
