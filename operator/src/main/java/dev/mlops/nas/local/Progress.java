package dev.mlops.nas.local;

import static dev.mlops.nas.local.Screen.Span.plain;

import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.local.Screen.Span;
import dev.mlops.nas.local.Screen.Style;
import dev.mlops.nas.report.Fidelities;
import dev.mlops.nas.report.Figures;
import dev.mlops.nas.search.Experiment;
import dev.mlops.nas.search.Plan;
import dev.mlops.nas.search.Preparation.OpenChoices;
import dev.mlops.nas.search.Preparation.SharedWeights;
import dev.mlops.nas.search.Purpose;
import dev.mlops.nas.search.TrialRequest;
import dev.mlops.nas.search.TrialState.Completed;
import dev.mlops.nas.search.TrialState.Failed;
import dev.mlops.nas.search.TrialState.Infeasible;
import dev.mlops.nas.search.TrialState.Outcome;
import dev.mlops.nas.search.TrialState.Rejected;
import dev.mlops.nas.search.TrialState.Stopped;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Shows how far a local search is: two lines redrawn on a terminal, else one line per finished trial. */
final class Progress implements LocalSearch.Watcher {
    private static final int LONGEST_BAR = 40;

    private final Screen screen;
    private final Experiment experiment;
    private final Clock clock;
    private final boolean quiet;
    private int done;

    Progress(Screen screen, Experiment experiment, Clock clock, boolean quiet) {
        this.screen = screen;
        this.experiment = experiment;
        this.clock = clock;
        this.quiet = quiet;
    }

    @Override
    public void progress(@Nullable Plan plan, Collection<LocalTrial> trials) {
        done = (int) trials.stream().filter(t -> t.outcome != null).count();
        if (!quiet && plan != null && screen.isTerminal()) {
            screen.draw(lines(plan, trials));
        }
    }

    @Override
    public void ended(LocalTrial trial, @Nullable Plan plan) {
        done++;
        if (quiet || trial.outcome == null) {
            return;
        }
        Outcome outcome = trial.outcome.outcome();
        if (!screen.isTerminal() || !(outcome instanceof Completed)) {
            screen.print(line(trial.request, outcome, plan));
        }
    }

    @Override
    public void notice(String sentence) {
        screen.print(sentence);
    }

    /** One finished trial in one line. */
    String line(TrialRequest request, Outcome outcome, @Nullable Plan plan) {
        String total =
                plan == null ? "?" : Integer.toString(Math.max(plan.summary().totalTrainings(), done));
        String name = NasApi.trialName(experiment.name(), request.number());
        String what = switch (outcome) {
            case Completed c when !request.purpose().hasArchitecture() -> prepared(c);
            case Completed c ->
                "%s %s%s"
                        .formatted(
                                experiment.objective().metric(),
                                Figures.score(c.metrics()
                                        .getOrDefault(experiment.objective().metric(), Double.NaN)),
                                Fidelities.less(experiment, request.epochs()));
            case Failed f -> "failed: " + f.reason();
            case Infeasible i -> "infeasible: " + i.reason();
            case Rejected r -> "rejected: " + r.reason();
            case Stopped s -> "stopped: " + s.reason();
        };
        return "[%%%dd/%%s] %%s  %%-15s %%s  (%%s)"
                .formatted(total.length())
                .formatted(done, total, name, purpose(request), what, Figures.duration(outcome.seconds()));
    }

    private String prepared(Completed completed) {
        return switch (experiment.preparation()) {
            case SharedWeights shared ->
                "%d architectures share weights of %d epochs"
                        .formatted(shared.paths().size(), shared.epochs());
            case OpenChoices _ -> completed.derived().size() + " architectures derived";
            case null -> "done";
        };
    }

    private static String purpose(TrialRequest request) {
        return switch (request.purpose()) {
            case PREPARATION -> "preparation";
            case WARM_UP -> "warm-up";
            case SEARCH -> "search";
            case RANDOM_ARM -> "random search";
            case REFERENCE -> request.reference() == null ? "reference" : request.reference();
            case FINALIST -> "finalist";
            case RANDOM_FINALIST -> "random finalist";
        };
    }

    private List<List<Span>> lines(Plan plan, Collection<LocalTrial> trials) {
        var summary = plan.summary();
        int total = Math.max(summary.totalTrainings(), done);
        String head = experiment.name() + "  " + phase(plan.phase()) + "  ";
        String count = "  %d/%d".formatted(done, total);
        String left = timeLeft(plan, trials).stream()
                .mapToObj(s -> "  " + Figures.duration(Duration.ofSeconds(Math.round(s))) + " left")
                .findFirst()
                .orElse("");
        int room = Math.min(LONGEST_BAR, screen.width() - 1 - head.length() - count.length() - left.length());
        var first = new ArrayList<Span>();
        first.add(new Span(experiment.name(), Style.BOLD));
        first.add(plain("  " + phase(plan.phase()) + "  "));
        if (room >= 8) {
            first.addAll(bar(room, total == 0 ? 0 : (double) done / total));
        }
        first.add(plain(count));
        first.add(new Span(left, Style.DIM));

        var second = new ArrayList<Span>();
        if (summary.best() != null) {
            second.add(plain("best "));
            second.add(new Span(Figures.score(summary.best().value()), Style.GREEN));
            second.add(plain(" (trial %d)".formatted(summary.best().number())));
        } else {
            second.add(plain("no result yet"));
        }
        if (summary.predictor() != null) {
            var quality = summary.predictor();
            second.add(plain("  τ "));
            second.add(new Span(
                    Figures.correlation(quality.kendallTau()), quality.low() > 0 ? Style.GREEN : Style.YELLOW));
            second.add(plain(
                    " [%s, %s]".formatted(Figures.correlation(quality.low()), Figures.correlation(quality.high()))));
            second.add(new Span(
                    summary.exploresByEvolution() ? " evolution explores" : " " + quality.surrogate(), Style.DIM));
        }
        String running = trials.stream()
                .filter(LocalTrial::isRunning)
                .map(t -> Integer.toString(t.number()))
                .collect(Collectors.joining(", "));
        second.add(plain(running.isEmpty() ? "" : "  training " + running));
        return List.of(first, second);
    }

    private static String phase(Plan.Phase phase) {
        return switch (phase) {
            case PREPARING -> "preparing";
            case WARMING_UP -> "warming up";
            case SEARCHING -> "searching";
            case FINALIZING -> "finalizing";
            case SUCCEEDED -> "done";
            case FAILED -> "failed";
            case SUSPENDED -> "suspended";
        };
    }

    private static List<Span> bar(int width, double part) {
        int halves = (int) Math.round(Math.min(1, part) * width * 2);
        int full = halves / 2;
        boolean half = halves % 2 == 1;
        return List.of(
                new Span("━".repeat(full) + (half ? "╸" : ""), Style.CYAN),
                new Span("─".repeat(width - full - (half ? 1 : 0)), Style.DIM));
    }

    /** Trainings to come, less what the running ones have behind them, over the trainings at a time. */
    private OptionalDouble timeLeft(Plan plan, Collection<LocalTrial> trials) {
        OptionalDouble mean = trials.stream()
                .filter(t -> t.outcome != null && t.outcome.outcome() instanceof Completed)
                .filter(t -> t.request.purpose() != Purpose.REFERENCE || plan.phase() == Plan.Phase.FINALIZING)
                .mapToDouble(t -> t.state() instanceof Outcome o ? o.seconds() : 0)
                .average();
        if (mean.isEmpty()) {
            return OptionalDouble.empty();
        }
        double ahead = Math.max(0, plan.summary().totalTrainings() - done) * mean.getAsDouble();
        double behind = trials.stream()
                .filter(LocalTrial::isRunning)
                .mapToDouble(t -> t.process == null
                        ? 0
                        : Math.min(
                                mean.getAsDouble(),
                                Duration.between(t.process.attempt().startedAt(), clock.instant())
                                                .toMillis()
                                        / 1000.0))
                .sum();
        return OptionalDouble.of(
                Math.max(0, ahead - behind) / experiment.budget().parallelTrials());
    }
}
