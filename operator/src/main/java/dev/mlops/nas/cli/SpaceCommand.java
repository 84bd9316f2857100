package dev.mlops.nas.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.mlops.nas.api.NasExperimentSpec;
import dev.mlops.nas.experiment.ExperimentFactory;
import dev.mlops.nas.report.SpaceReport;
import dev.mlops.nas.search.Drawings;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.SpaceException;
import dev.mlops.nas.search.SpaceSummary;
import dev.mlops.nas.search.SpaceSummary.Example;
import dev.mlops.nas.validation.ExperimentReader;
import dev.mlops.nas.validation.InvalidExperimentException;
import dev.mlops.nas.validation.Problem;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "space",
        description = {
            "Shows the search space of FILE: its size, decisions, range of costs, some draws and the human designs.",
            "",
            "Up to 100,000 genotypes are listed, so that different architectures are counted and costs are exact. In larger spaces the number of architectures is estimated, medians are of draws, and the largest costs are what a search for them finds. Nothing is trained.",
            ""
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:done", "2:bad input"})
final class SpaceCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    @Parameters(
            paramLabel = "FILE",
            description = "a NasExperiment, or YAML with searchSpace (and dataset: shape and classes)")
    @SuppressWarnings("NullAway.Init")
    private Path file;

    @Option(
            names = "--examples",
            paramLabel = "N",
            defaultValue = "3",
            description = "how many architectures to draw (default: ${DEFAULT-VALUE})")
    private int examples;

    @Option(
            names = "--architecture",
            paramLabel = "NAME",
            description =
                    "what to draw: a human design by its name, or a draw by its number (default: the first human design, else draw 1)")
    private @Nullable String architecture;

    @Option(names = "--svg", paramLabel = "FILE", description = "write a picture of that architecture there")
    private @Nullable Path svg;

    @Option(names = "--dot", paramLabel = "FILE", description = "write its whole graph there, for Graphviz")
    private @Nullable Path dot;

    @Option(names = "--json", description = "print one JSON document and nothing else")
    private boolean json;

    /** What the user has to change; the message is one sentence. */
    private static final class Refused extends Exception {
        private static final long serialVersionUID = 1L;

        Refused(String sentence) {
            super(sentence);
        }
    }

    @Override
    public Integer call() {
        try {
            show();
            return 0;
        } catch (Refused refused) {
            command.commandLine().getErr().println("nas space: " + refused.getMessage());
            return 2;
        }
    }

    private void show() throws Refused {
        if (examples < 1 || examples > 1_000) {
            throw new Refused("--examples is %d: give 1 to 1000".formatted(examples));
        }
        NasExperimentSpec spec = spec();
        Experiment experiment = experiment(spec);
        SpaceSummary summary = summary(experiment);
        Example drawn = drawn(summary);
        if (svg != null) {
            write("--svg", svg, Drawings.svg(experiment.space(), drawn.genotype()));
        }
        if (dot != null && !experiment.space().hasNetwork()) {
            throw new Refused("--dot: there is no graph, because searchSpace has no network");
        }
        if (dot != null) {
            write("--dot", dot, Drawings.dot(experiment.space().graph(drawn.genotype())));
        }
        PrintWriter out = command.commandLine().getOut();
        if (json) {
            out.println(text(SpaceReport.document(title(spec), summary)));
        } else {
            SpaceReport.lines(title(spec), summary, experiment.constraints()).forEach(out::println);
            Stream.of(svg, dot)
                    .filter(Objects::nonNull)
                    .forEach(path -> out.println("  %s is drawn in %s".formatted(drawn.name(), path)));
        }
        out.flush();
    }

    private NasExperimentSpec spec() throws Refused {
        try {
            return new ExperimentReader().readSpace(file).getSpec();
        } catch (InvalidExperimentException invalid) {
            throw new Refused(invalid.lines(file));
        }
    }

    private Experiment experiment(NasExperimentSpec spec) throws Refused {
        try {
            return ExperimentFactory.create("space", spec);
        } catch (SpaceException contradiction) {
            throw new Refused(Problem.of(contradiction).line(file));
        }
    }

    private SpaceSummary summary(Experiment experiment) throws Refused {
        try {
            return SpaceSummary.of(experiment.space(), experiment.constraints(), examples, experiment.seed());
        } catch (SpaceException infeasible) {
            throw new Refused(Problem.of(infeasible).line(file));
        }
    }

    private static String title(NasExperimentSpec spec) {
        var space = spec.searchSpace();
        String kind;
        if (space.preset() != null) {
            kind = "preset " + ExperimentFactory.presetName(space.preset());
        } else if (space.parameters() != null) {
            kind = space.network() == null ? "parameters without a network" : "parameters of " + space.network();
        } else {
            kind = space.chain() != null ? "chain" : space.cell() != null ? "cell" : "hierarchical";
        }
        return "%s for examples of %s and %d %s"
                .formatted(
                        kind,
                        spec.dataset().shape().stream().map(Object::toString).collect(Collectors.joining("x")),
                        spec.dataset().outputs(),
                        spec.dataset().targets() == null ? "classes" : "target(s)");
    }

    private Example drawn(SpaceSummary summary) throws Refused {
        List<Example> all = Stream.concat(summary.references().stream(), summary.examples().stream())
                .toList();
        if (architecture == null) {
            return all.getFirst();
        }
        return all.stream()
                .filter(e -> e.name().equals(architecture))
                .findFirst()
                .orElseThrow(() -> new Refused("--architecture is \"%s\": give one of %s"
                        .formatted(architecture, all.stream().map(Example::name).collect(Collectors.joining(", ")))));
    }

    private static void write(String option, Path path, String text) throws Refused {
        try {
            Files.writeString(path, text);
        } catch (IOException failed) {
            throw new Refused("%s: %s cannot be written: %s".formatted(option, path, failed));
        }
    }

    private static String text(Object document) {
        try {
            return new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(document);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a document of maps and lists is JSON", e);
        }
    }
}
