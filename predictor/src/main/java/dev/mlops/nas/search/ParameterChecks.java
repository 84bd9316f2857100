package dev.mlops.nas.search;

import dev.mlops.nas.search.Decisions.Condition;
import dev.mlops.nas.search.Decisions.Conditional;
import dev.mlops.nas.search.NetworkKind.Setting;
import dev.mlops.nas.search.Spaces.Task;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Builds a space of free parameters from those that make sense, and says which do not. */
final class ParameterChecks {
    private static final String FIELD = "searchSpace.parameters";
    private static final String NAME = "[A-Za-z][\\w.]{0,62}";

    private final @Nullable NetworkKind kind;
    private final Task task;
    private final Map<String, Parameter> parameters = new TreeMap<>();
    private final Map<String, List<String>> choices = new LinkedHashMap<>();
    private final Map<String, List<When>> conditions = new LinkedHashMap<>();
    private final Map<String, String> fixed = new LinkedHashMap<>();

    private ParameterChecks(List<Parameter> given, @Nullable NetworkKind kind, Task task) {
        this.kind = kind;
        this.task = task;
        for (Parameter parameter : given) {
            if (!parameter.name().matches(NAME)) {
                throw new SpaceException(
                        parameter.field(),
                        "parameter " + parameter.name()
                                + " has a name that conditions cannot hold: give letters, digits, _ and ., beginning with a"
                                + " letter, at most 63");
            }
            if (parameters.put(parameter.name(), parameter) != null) {
                throw new SpaceException(parameter.field(), "parameter " + parameter.name() + " is there twice");
            }
        }
    }

    static ParameterSpace build(
            List<Parameter> given,
            @Nullable NetworkKind kind,
            Task task,
            Map<String, Map<String, String>> builtIn,
            Map<String, Map<String, String>> references) {
        Spaces.check(task);
        var checks = new ParameterChecks(given, kind, task);
        checks.read();
        checks.checkNetwork();
        var decisions = new Decisions(checks.parts(), checks.fixed);
        for (String never : decisions.unreachable()) {
            throw new SpaceException(
                    FIELD + "." + never + ".when",
                    "when of " + never
                            + " never holds, because its comparisons exclude each other: change one of them");
        }
        if (decisions.all().isEmpty()) {
            throw new SpaceException(
                    FIELD, "parameters leave nothing to search, because each has one choice: give one of them two");
        }
        return new ParameterSpace(
                kind, checks.fixed, task, decisions, Spaces.references(decisions, builtIn, references));
    }

    private void read() {
        for (Parameter parameter : parameters.values()) {
            List<String> values = parameter.choices();
            choices.put(parameter.name(), values);
            if (values.size() == 1) {
                fix(parameter, values.getFirst());
            }
        }
        for (Parameter parameter : parameters.values()) {
            conditions.put(
                    parameter.name(),
                    parameter.when().isBlank() ? List.of() : When.parse(parameter.field() + ".when", parameter.when()));
        }
    }

    /** One choice is a setting of the network; nobody would read it where there is none. */
    private void fix(Parameter parameter, String only) {
        if (kind == null) {
            throw new SpaceException(
                    parameter.field(),
                    parameter.name() + " has one choice, " + only
                            + ", which leaves nothing to decide: give two or more, or write it into your trainer");
        }
        if (!parameter.when().isBlank()) {
            throw new SpaceException(
                    parameter.field() + ".when",
                    parameter.name() + " has one choice, " + only
                            + ", and a condition: give two or more choices, or leave" + " when out");
        }
        fixed.put(parameter.name(), only);
    }

    private void checkNetwork() {
        if (kind == null) {
            return;
        }
        Map<String, Setting> settings = new LinkedHashMap<>();
        kind.settings(task).forEach(s -> settings.put(s.name(), s));
        for (Parameter parameter : parameters.values()) {
            Setting setting = settings.get(parameter.name());
            if (setting == null) {
                throw new SpaceException(
                        parameter.field(),
                        "parameter " + parameter.name() + " means nothing to network " + kind.text() + ", which takes "
                                + kind.names(task) + ": leave it out, or leave network out and bring a trainer");
            }
            for (String value : possible(parameter.name())) {
                if (!setting.takes(value)) {
                    throw new SpaceException(
                            parameter.field(),
                            parameter.name() + " holds " + value + ", but network " + kind.text() + " takes "
                                    + setting.allowed());
                }
            }
        }
        if (task.size() > Integer.MAX_VALUE) {
            throw new SpaceException("dataset.shape", "shape has " + task.size() + " numbers: give at most 2147483647");
        }
        switch (kind) {
            case MLP -> {}
            case TRANSFORMER -> {
                Spaces.checkNumbers(task);
                checkTransformer();
            }
            case SIGNAL -> {
                Spaces.checkNumbers(task);
                if (task.height() > 1) {
                    throw new SpaceException(
                            "dataset.shape",
                            "shape has height " + task.height()
                                    + ", but network Signal reads one value of each channel at a time: give [channels, 1, length]");
                }
            }
        }
    }

    private void checkTransformer() {
        for (String width : values("width", NetworkKind.TRANSFORMER)) {
            for (String heads : values("heads", NetworkKind.TRANSFORMER)) {
                if (Integer.parseInt(width) % Integer.parseInt(heads) != 0) {
                    throw new SpaceException(
                            FIELD + ".heads",
                            "heads may be " + heads + ", which does not divide width " + width
                                    + ": give heads that divide every width");
                }
            }
        }
        int side = Math.max(task.height(), task.width());
        for (String patch : values("patch", NetworkKind.TRANSFORMER)) {
            if (Integer.parseInt(patch) > side) {
                throw new SpaceException(
                        FIELD + ".patch",
                        "patch may be " + patch + ", but an example is " + task.height() + "x" + task.width()
                                + ": give at most " + side);
            }
        }
    }

    /** The choices; the default too where the parameter is not given, or not always chosen. */
    private List<String> values(String name, NetworkKind network) {
        var values = new ArrayList<>(possible(name));
        if (values.isEmpty() || !comparisons(name).isEmpty()) {
            values.add(network.defaults(task).getOrDefault(name, ""));
        }
        return values;
    }

    private List<String> possible(String name) {
        return choices.getOrDefault(name, List.of());
    }

    private List<When> comparisons(String name) {
        return conditions.getOrDefault(name, List.of());
    }

    /** Parameters that depend on each other lie in one part, each behind those that it needs, else by name. */
    private List<List<Conditional>> parts() {
        List<List<String>> groups = new ArrayList<>();
        for (String name : ordered()) {
            if (fixed.containsKey(name)) {
                continue;
            }
            Set<String> needed = needed(name);
            var joined = new ArrayList<String>();
            groups.removeIf(group -> group.stream().anyMatch(needed::contains) && joined.addAll(group));
            joined.add(name);
            groups.add(joined);
        }
        groups.sort(Comparator.comparing(
                group -> group.stream().sorted().findFirst().orElseThrow()));
        return groups.stream().map(this::part).toList();
    }

    private Set<String> needed(String name) {
        Set<String> needed = new HashSet<>();
        comparisons(name).forEach(c -> needed.add(c.name()));
        return needed;
    }

    private List<Conditional> part(List<String> names) {
        return names.stream()
                .map(name -> new Conditional(new Decision(name, possible(name)), conditions(name, names)))
                .toList();
    }

    private List<Condition> conditions(String name, List<String> part) {
        String field = FIELD + "." + name + ".when";
        var found = new ArrayList<Condition>();
        for (When when : comparisons(name)) {
            Set<Integer> holding = when.holding(field, possible(when.name()));
            boolean all = holding.size() == possible(when.name()).size();
            if (holding.isEmpty()) {
                throw new SpaceException(
                        field,
                        "when of " + name + " never holds: " + when.name() + " is one of "
                                + String.join(", ", possible(when.name())));
            }
            if (all && comparisons(when.name()).isEmpty()) {
                throw new SpaceException(
                        field,
                        "when of " + name + " compares " + when.name() + " so that it always holds: leave it out");
            }
            found.add(new Condition(part.indexOf(when.name()), holding));
        }
        return found;
    }

    /** Every parameter behind those that it needs; else by name. */
    private List<String> ordered() {
        var done = new ArrayList<String>();
        var left = new ArrayList<>(parameters.keySet());
        while (!left.isEmpty()) {
            String next = left.stream()
                    .filter(name -> done.containsAll(known(name)))
                    .findFirst()
                    .orElseThrow(() -> circle(left));
            done.add(next);
            left.remove(next);
        }
        return done;
    }

    private Set<String> known(String name) {
        Set<String> needed = needed(name);
        for (String other : needed) {
            if (!parameters.containsKey(other)) {
                throw new SpaceException(
                        FIELD + "." + name + ".when",
                        "when of " + name + " compares " + other + ", which is no parameter: there are "
                                + String.join(", ", parameters.keySet()));
            }
        }
        return needed;
    }

    /** Going from need to need among parameters that wait for each other comes back at some time. */
    private SpaceException circle(List<String> left) {
        var way = new ArrayList<>(List.of(left.getFirst()));
        while (true) {
            String next = needed(way.getLast()).stream()
                    .filter(left::contains)
                    .sorted()
                    .findFirst()
                    .orElseThrow();
            int seen = way.indexOf(next);
            if (seen >= 0) {
                way.add(next);
                return new SpaceException(
                        FIELD + "." + next + ".when",
                        "conditions form a circle: "
                                + String.join(" needs ", way.subList(seen, way.size()))
                                + ": leave one of them out");
            }
            way.add(next);
        }
    }
}
