package dev.mlops.nas.local;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.mlops.nas.api.NasExperiment;
import dev.mlops.nas.local.LocalSearch.End;
import dev.mlops.nas.report.FinalTable;
import dev.mlops.nas.report.ResultDocument;
import dev.mlops.nas.report.SearchRecord;
import dev.mlops.nas.search.Plan;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
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
     * @param quiet no progress
     */
    public record Options(
            Path file,
            @Nullable Path state,
            boolean json,
            @Nullable String trainer,
            boolean quiet) {}

    private static final long LONGEST_SHUTDOWN_SECONDS = 60;

    private final Options options;
    private final @Nullable String home;
    private final Clock clock;
    private final Screen out;
    private final Screen err;

    /** Takes the value of NAS_HOME and the clock. */
    public LocalRun(Options options, @Nullable String home, Clock clock) {
        this.options = options;
        this.home = home;
        this.clock = clock;
        this.out = Screen.of(1);
        this.err = Screen.of(2);
    }

    /** Runs to the end and returns the exit code. */
    public int run() throws IOException, InterruptedException {
        try {
            var reader = new SetupReader(home);
            Setup setup = reader.read(options.file(), options.trainer());
            Optional<NasExperiment> stored =
                    options.state() == null ? Optional.empty() : StateFolder.stored(options.state());
            if (options.state() != null && stored.isPresent()) {
                reader.checkUpdate(options.file(), options.state(), stored.get(), setup.resource());
            }
            DataCheck.run(setup);
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
        var progress = new Progress(screen, setup.experiment(), clock, quiet);
        var search = new LocalSearch(setup, state, progress, clock);
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
            err.print("stopped; to go on: " + resumeCommand(state));
            finished.countDown();
            return INTERRUPTED;
        }
        int code = report(setup, state, search, end);
        finished.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException alreadyShuttingDown) {
            return INTERRUPTED;
        }
        return code;
    }

    private int report(Setup setup, StateFolder state, LocalSearch search, End end) throws IOException {
        Plan plan = Objects.requireNonNull(search.plan(), "a search that ended has a plan");
        var record = new SearchRecord(
                setup.spec(),
                setup.experiment(),
                search.history(),
                plan.phase(),
                plan.summary(),
                search.trials().stream()
                        .flatMap(t -> Optional.ofNullable(t.outcome).stream())
                        .map(TrialFolder.OutcomeFile::endedAt)
                        .max(Instant::compareTo)
                        .orElse(state.identity().startedAt()),
                LocalEnvironment.of(setup, search.trials()));
        if (options.json()) {
            var document = new LinkedHashMap<>(ResultDocument.of(record));
            document.put("state", state.path().toString());
            print(document);
        } else {
            FinalTable.lines(record).forEach(out::print);
            if (end == End.SUSPENDED) {
                out.print("suspended by spec.suspend; set it to false and go on by: " + resumeCommand(state));
            }
        }
        return plan.phase() == Plan.Phase.FAILED ? FAILED : DONE;
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

    private static String quoted(String word) {
        return word.matches("[\\w@%+=:,./-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }
}
