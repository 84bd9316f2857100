package dev.mlops.nas.local;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.api.NasExperimentSpec.ExternalOptions;
import dev.mlops.nas.experiment.ExternalStrategy;
import dev.mlops.nas.experiment.MissingTokenException;
import dev.mlops.nas.experiment.StrategyToken;
import dev.mlops.nas.local.LocalSearch.End;
import dev.mlops.nas.local.TrialFolder.OutcomeFile;
import dev.mlops.nas.report.FinalTable;
import dev.mlops.nas.report.HtmlReport;
import dev.mlops.nas.report.MarkdownReport;
import dev.mlops.nas.report.ResultDocument;
import dev.mlops.nas.report.SearchRecord;
import dev.mlops.nas.search.Plan;
import dev.mlops.nas.search.TrialState;
import dev.mlops.nas.tracking.Delivery;
import dev.mlops.nas.tracking.Delivery.Outcome;
import dev.mlops.nas.tracking.MlflowTracking;
import dev.mlops.nas.tracking.Tracking.RunState;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** {@code nas run}: reads, checks, searches, tells the result. */
public final class LocalRun {
    /** Exit code: the search has its result. */
    public static final int DONE = 0;

    /** Exit code: the search ended without one. */
    public static final int FAILED = 1;

    /** Exit code: something has to be changed first; nothing was started. */
    public static final int BAD_INPUT = 2;

    /** Exit code: ended by Ctrl-C or SIGTERM; the state folder holds how far it is. */
    public static final int INTERRUPTED = 130;

    /**
     * What the user wants.
     *
     * @param file of the experiment
     * @param state folder; null for a new one
     * @param json one JSON document on standard output and nothing else there
     * @param trainer the user's own command; null for the built-in trainer
     * @param tracking whether trials are logged to MLflow
     * @param quiet no progress
     */
    public record Options(
            Path file,
            @Nullable Path state,
            boolean json,
            @Nullable String trainer,
            boolean tracking,
            boolean quiet) {}

    private static final long LONGEST_SHUTDOWN_SECONDS = 60;

    /** How long the user waits for MLflow when the search is done, and when it is ended by Ctrl-C. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final Duration IMPATIENCE = Duration.ofSeconds(5);

    private final Options options;
    private final @Nullable String home;
    private final Clock clock;
    private final Screen out;
    private final Screen err;

    /** Takes the value of NAS_HOME and the clock. */
    public LocalRun(Options options, @Nullable String home, Clock clock) {
        this(options, home, clock, Screen.of(1), Screen.of(2));
    }

    LocalRun(Options options, @Nullable String home, Clock clock, Screen out, Screen err) {
        this.options = options;
        this.home = home;
        this.clock = clock;
        this.out = out;
        this.err = err;
    }

    /** Runs to the end and returns the exit code. */
    public int run() throws IOException, InterruptedException {
        try {
            var reader = new SetupReader(home);
            Setup read = reader.read(options.file(), options.trainer());
            Setup setup = read.learningFrom(EarlierSearches.read(options.file(), read.resource(), runs()));
            Optional<NasExperiment> stored =
                    options.state() == null ? Optional.empty() : StateFolder.stored(options.state());
            if (options.state() != null && stored.isPresent()) {
                reader.checkUpdate(options.file(), options.state(), stored.get(), setup.resource());
            }
            if (options.tracking()) {
                checkAddress(setup);
            }
            checkToken(setup);
            DataCheck.run(options.file(), setup);
            Path folder = options.state() != null
                    ? options.state()
                    : StateFolder.fresh(Path.of(""), setup.experiment().name(), clock);
            try (StateFolder state = StateFolder.open(folder, setup.resource(), clock)) {
                return search(setup, state, stored.isPresent());
            }
        } catch (BadInputException e) {
            String sentence = String.valueOf(e.getMessage());
            err.print(sentence);
            if (options.json()) {
                print(Map.of("error", sentence));
            }
            return BAD_INPUT;
        }
    }

    /** Where the folders of searches lie. */
    private Path runs() {
        Path own = options.state() == null
                ? null
                : options.state().toAbsolutePath().getParent();
        return own == null ? StateFolder.RUNS : own;
    }

    private static void checkAddress(Setup setup) {
        String address = Courier.address(setup, System.getenv());
        if (address != null) {
            try {
                var _ = new MlflowTracking(address, System.getenv());
            } catch (IllegalArgumentException e) {
                throw new BadInputException(String.valueOf(e.getMessage()));
            }
        }
    }

    private void checkToken(Setup setup) {
        ExternalOptions external = setup.spec().strategy().external();
        if (external != null) {
            try {
                ExternalStrategy.token(external, StrategyToken.of(System.getenv()));
            } catch (MissingTokenException e) {
                throw new BadInputException("%s: %s".formatted(options.file(), e.getMessage()));
            }
        }
    }

    private int search(Setup setup, StateFolder state, boolean resumed) throws IOException, InterruptedException {
        Screen screen = options.json() ? err : out;
        boolean quiet = options.quiet() || (options.json() && !err.isTerminal());
        if (!quiet) {
            screen.print("%s %s in %s"
                    .formatted(
                            resumed ? "going on with" : "searching for",
                            setup.experiment().name(),
                            state.path()));
        }
        SetupReader.notices(setup.resource()).forEach(err::print);
        if (!quiet) {
            setup.experiment()
                    .earlier()
                    .forEach(e -> screen.print(e.sentence(setup.experiment().space())));
        }
        var progress = new Progress(screen, setup.experiment(), clock, quiet);
        @Nullable
        Courier courier = options.tracking()
                        && !state.tracked().map(StateFolder.Tracked::finished).orElse(false)
                ? new Courier(setup, state, System.getenv(), quiet ? s -> {} : screen::print, clock)
                : null;
        if (courier != null) {
            courier.start();
        }
        var search = new LocalSearch(setup, state, courier == null ? progress : new Both(progress, courier), clock);
        var finished = new CountDownLatch(1);
        Thread hook = Thread.ofPlatform().unstarted(() -> {
            search.interrupt();
            try {
                var _ = finished.await(LONGEST_SHUTDOWN_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            Runtime.getRuntime().halt(INTERRUPTED);
        });
        Runtime.getRuntime().addShutdownHook(hook);
        End end;
        try {
            end = search.run();
        } finally {
            screen.clear();
        }
        if (end == End.INTERRUPTED) {
            if (courier != null && search.plan() != null) {
                var _ = courier.finish(
                        search.plan(),
                        search.trials(),
                        new Delivery.End(RunState.KILLED, Map.of(), clock.instant(), false),
                        IMPATIENCE);
            }
            err.print("stopped; to go on: " + resumeCommand(state));
            finished.countDown();
            return INTERRUPTED;
        }
        int code = report(setup, state, search, end, courier);
        finished.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException alreadyShuttingDown) {
            return INTERRUPTED;
        }
        return code;
    }

    private int report(Setup setup, StateFolder state, LocalSearch search, End end, @Nullable Courier courier)
            throws IOException, InterruptedException {
        Plan plan = Objects.requireNonNull(search.plan(), "a search that ended has a plan");
        SearchRecord record = record(setup, state, search, plan);
        Path html = state.resolve("report.html");
        Path markdown = state.resolve("report.md");
        if (end == End.DONE) {
            AtomicFiles.write(html, HtmlReport.of(record).getBytes(StandardCharsets.UTF_8));
            AtomicFiles.write(markdown, MarkdownReport.of(record).getBytes(StandardCharsets.UTF_8));
        }
        String tracked = tracked(state, search, plan, end, record.endedAt(), courier);
        if (options.json()) {
            var document = new LinkedHashMap<>(ResultDocument.of(record));
            document.put("state", state.path().toString());
            if (end == End.DONE) {
                document.put("report", html.toString());
                model(setup, state, plan).ifPresent(m -> document.put("model", m.toString()));
            }
            state.tracked().ifPresent(t -> document.put("tracking", t.url()));
            print(document);
        } else {
            FinalTable.lines(record).forEach(out::print);
            if (end == End.DONE) {
                out.print(FinalTable.row("report", html.toString()));
                model(setup, state, plan).ifPresent(m -> out.print(FinalTable.row("model", m.toString())));
            }
            if (!tracked.isEmpty()) {
                out.print(FinalTable.row("MLflow", tracked));
            }
            if (end == End.SUSPENDED) {
                out.print("suspended by spec.suspend; set it to false and go on by: " + resumeCommand(state));
            }
        }
        if (end == End.UNANSWERED) {
            err.print("%s; to go on: %s".formatted(plan.summary().message(), resumeCommand(state)));
        }
        return plan.phase() == Plan.Phase.FAILED || end == End.UNANSWERED ? FAILED : DONE;
    }

    /** The winner's network, of its training with the best validation, where the trainer left one. */
    private static Optional<Path> model(Setup setup, StateFolder state, Plan plan) {
        List<Integer> winner = plan.summary().comparison().isEmpty()
                ? List.of()
                : plan.summary().comparison().getFirst().numbers();
        return state.trials().stream()
                .filter(t ->
                        t.request().filter(r -> winner.contains(r.number())).isPresent())
                .filter(t -> Files.exists(t.model().resolve("model.json")))
                .max(Comparator.comparingDouble(t -> score(setup, t)))
                .map(TrialFolder::model);
    }

    private static double score(Setup setup, TrialFolder trial) {
        var objective = setup.experiment().objective();
        return trial.outcome().map(OutcomeFile::outcome).orElse(null) instanceof TrialState.Completed completed
                ? objective.score(completed.metrics().getOrDefault(objective.metric(), Double.NaN))
                : Double.NEGATIVE_INFINITY;
    }

    /** Delivers the end, and says where the runs are or what is missing. */
    private String tracked(
            StateFolder state, LocalSearch search, Plan plan, End end, Instant endedAt, @Nullable Courier courier)
            throws IOException, InterruptedException {
        if (courier != null) {
            RunState runState = end == End.SUSPENDED || end == End.UNANSWERED
                    ? RunState.KILLED
                    : plan.phase() == Plan.Phase.FAILED ? RunState.FAILED : RunState.FINISHED;
            Map<String, String> artifacts = end == End.DONE
                    ? Map.of(
                            "report.html", Files.readString(state.resolve("report.html")),
                            "report.md", Files.readString(state.resolve("report.md")))
                    : Map.of();
            Outcome outcome = courier.finish(
                    plan, search.trials(), new Delivery.End(runState, artifacts, endedAt, false), PATIENCE);
            if (outcome == null || !outcome.endDelivered()) {
                String why = courier.unavailable();
                return why != null
                        ? why
                        : "%s; deliver the rest by: %s"
                                .formatted(
                                        outcome == null ? "the server is still starting" : outcome.message(),
                                        resumeCommand(state));
            }
        }
        return state.tracked().map(StateFolder.Tracked::url).orElse("");
    }

    private static SearchRecord record(Setup setup, StateFolder state, LocalSearch search, Plan plan)
            throws IOException {
        return new SearchRecord(
                setup.spec(),
                setup.experiment(),
                search.history(),
                plan.phase(),
                plan.summary(),
                search.trials().stream()
                        .flatMap(t -> Stream.ofNullable(t.outcome))
                        .map(TrialFolder.OutcomeFile::endedAt)
                        .max(Instant::compareTo)
                        .orElse(state.identity().startedAt()),
                LocalEnvironment.of(setup, search.trials()));
    }

    private void print(Object document) {
        try {
            out.print(Json.MAPPER.writeValueAsString(document));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a document of maps and lists is JSON", e);
        }
    }

    /** The command that goes on, ready to be pasted. */
    private String resumeCommand(StateFolder state) {
        var command =
                new StringBuilder(launcher() + " run " + quoted(options.file().toString()) + " --state "
                        + quoted(state.path().toString()));
        if (options.trainer() != null) {
            command.append(" --trainer ").append(quoted(options.trainer()));
        }
        if (!options.tracking()) {
            command.append(" --tracking off");
        }
        return command.toString();
    }

    private String launcher() {
        if (home == null || home.isBlank()) {
            return "nas";
        }
        Path here = Path.of("").toAbsolutePath();
        Path launcher = Path.of(home).toAbsolutePath().normalize().resolve("nas");
        return launcher.startsWith(here) ? "./" + here.relativize(launcher) : quoted(launcher.toString());
    }

    /** Tells two watchers. */
    private record Both(LocalSearch.Watcher first, LocalSearch.Watcher second) implements LocalSearch.Watcher {
        @Override
        public void progress(@Nullable Plan plan, Collection<LocalTrial> trials) {
            first.progress(plan, trials);
            second.progress(plan, trials);
        }

        @Override
        public void ended(LocalTrial trial, @Nullable Plan plan) {
            first.ended(trial, plan);
            second.ended(trial, plan);
        }

        @Override
        public void notice(String sentence) {
            first.notice(sentence);
            second.notice(sentence);
        }
    }

    private static String quoted(String word) {
        return word.matches("[\\w@%+=:,./-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }
}
