package dev.mlops.nas.local;

import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.contract.TrialFile.Folders;
import dev.mlops.nas.experiment.ExternalStrategy;
import dev.mlops.nas.experiment.Outcomes;
import dev.mlops.nas.experiment.StrategyToken;
import dev.mlops.nas.experiment.TrialFiles;
import dev.mlops.nas.local.AttemptFolder.Ended;
import dev.mlops.nas.local.LocalTrial.Ending;
import dev.mlops.nas.local.TrialFolder.OutcomeFile;
import dev.mlops.nas.search.History;
import dev.mlops.nas.search.Plan;
import dev.mlops.nas.search.Preparation;
import dev.mlops.nas.search.TrialRequest;
import dev.mlops.nas.search.TrialState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The loop: observe the state folder and the trainers, decide, act, report. One thread owns everything here; trainers that
 * end, plans that are ready and Ctrl-C come in as events, so that none of them waits for another.
 */
final class LocalSearch {
    /** How {@link #run} ended. */
    enum End {
        DONE,
        SUSPENDED,
        /** A strategy outside the engine gave no answer that can be used, again and again. */
        UNANSWERED,
        INTERRUPTED
    }

    /** Told of what happens, on the loop's thread; must not block. */
    interface Watcher {
        /** Called at every step and about twice a second. */
        void progress(@Nullable Plan plan, Collection<LocalTrial> trials);

        /** A trial has its outcome. */
        void ended(LocalTrial trial, @Nullable Plan plan);

        /** Something that the user should know, one sentence. */
        void notice(String sentence);
    }

    private sealed interface Event {
        record Exited(LocalTrial trial, TrainerProcess process, int code) implements Event {}

        record Decided(Plan plan) implements Event {}

        record Undecided(RuntimeException failure) implements Event {}

        record Interrupted() implements Event {}
    }

    private static final Duration TICK = Duration.ofMillis(500);

    /** Time to write a checkpoint. */
    private static final Duration GRACE = Duration.ofSeconds(15);

    private static final Duration LONGEST_BACKOFF = Duration.ofSeconds(30);

    /** So often an external strategy is asked while nothing else is left to do. */
    private static final int QUESTIONS = 5;

    private final Setup setup;
    private final StateFolder state;
    private final Watcher watcher;
    private final Clock clock;
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final TreeMap<Integer, LocalTrial> trials = new TreeMap<>();
    private @Nullable Plan plan;
    private boolean deciding;
    private boolean stale = true;
    private boolean interrupted;
    private int unanswered;
    private Instant askAfter = Instant.MIN;

    LocalSearch(Setup setup, StateFolder state, Watcher watcher, Clock clock) {
        this.setup = setup;
        this.state = state;
        this.watcher = watcher;
        this.clock = clock;
    }

    /** Ends the search for now; may be called by any thread. */
    void interrupt() {
        events.add(new Event.Interrupted());
    }

    /** Runs until there is nothing left to do. */
    End run() throws InterruptedException {
        for (TrialFolder folder : state.trials()) {
            restore(folder);
        }
        while (true) {
            step(events.poll(stale && !deciding ? 0 : TICK.toMillis(), TimeUnit.MILLISECONDS));
            enforceDeadlines();
            End end = end();
            if (end != null) {
                return end;
            }
            startWaiting();
            if (unanswered > 0 && !clock.instant().isBefore(askAfter)) {
                stale = true;
            }
            if (stale && !deciding) {
                decide();
            }
            watcher.progress(plan, trials.values());
        }
    }

    /** The last plan; null before the first. */
    @Nullable
    Plan plan() {
        return plan;
    }

    /** In the order of their numbers. */
    Collection<LocalTrial> trials() {
        return trials.values();
    }

    History history() {
        return new History(
                state.identity().startedAt(),
                trials.values().stream().map(LocalTrial::record).toList());
    }

    private void step(@Nullable Event event) {
        switch (event) {
            case null -> {}
            case Event.Exited e -> exited(e.trial(), e.process(), e.code());
            case Event.Decided d -> act(d.plan());
            case Event.Undecided u -> throw u.failure();
            case Event.Interrupted _ -> {
                interrupted = true;
                trials.values().forEach(t -> end(t, Ending.INTERRUPTED));
            }
        }
    }

    private @Nullable End end() {
        if (trials.values().stream().anyMatch(LocalTrial::isRunning)) {
            return null;
        }
        if (interrupted) {
            return End.INTERRUPTED;
        }
        if (stale || deciding || plan == null) {
            return null;
        }
        return switch (plan.phase()) {
            case SUCCEEDED, FAILED -> {
                trials.values().forEach(t -> t.folder.removeCheckpoints());
                yield End.DONE;
            }
            case SUSPENDED -> End.SUSPENDED;
            case PREPARING, WARMING_UP, SEARCHING, FINALIZING -> {
                if (trials.values().stream().anyMatch(LocalTrial::isWaiting)) {
                    yield null;
                }
                if (unanswered > 0) {
                    yield unanswered < QUESTIONS ? null : End.UNANSWERED;
                }
                throw new IllegalStateException("the plan starts nothing, nothing runs, and the search is not done");
            }
        };
    }

    /** The plan is made beside the loop: fitting surrogates or asking an external strategy may take seconds. */
    private void decide() {
        deciding = true;
        stale = false;
        History history = history();
        Instant now = clock.instant();
        Thread.ofPlatform().daemon().name("decide").start(() -> {
            try {
                events.add(new Event.Decided(ExternalStrategy.decide(
                        setup.spec(), setup.experiment(), history, now, StrategyToken.of(System.getenv()))));
            } catch (RuntimeException e) {
                events.add(new Event.Undecided(e));
            }
        });
    }

    private void act(Plan decided) {
        deciding = false;
        plan = decided;
        if (interrupted) {
            return;
        }
        unanswered = decided.question() == null ? 0 : unanswered + 1;
        if (unanswered > 0) {
            Duration pause = backoff(unanswered);
            askAfter = clock.instant().plus(pause);
            watcher.notice(
                    "%s; it is asked again in %d s".formatted(decided.summary().message(), pause.toSeconds()));
        }
        for (int number : decided.stop()) {
            LocalTrial trial = trials.get(number);
            if (trial != null) {
                end(trial, Ending.STOPPED);
            }
        }
        for (TrialRequest request : decided.start()) {
            trials.put(request.number(), new LocalTrial(request, state.create(request)));
        }
    }

    private void startWaiting() {
        if (interrupted) {
            return;
        }
        long free = setup.experiment().budget().parallelTrials()
                - trials.values().stream().filter(LocalTrial::isRunning).count();
        for (LocalTrial trial : trials.values()) {
            if (free > 0 && trial.isWaiting() && !trial.startAfter.isAfter(clock.instant())) {
                start(trial);
                free--;
            }
        }
    }

    private void start(LocalTrial trial) {
        // An attempt that nobody has claimed is one whose start a crash cut short: if its trainer is still to come,
        // only one
        // of the two gets the pid file.
        List<AttemptFolder> attempts = trial.folder.attempts();
        AttemptFolder attempt = !attempts.isEmpty()
                        && attempts.getLast().pid().isEmpty()
                        && attempts.getLast().ended().isEmpty()
                ? attempts.getLast()
                : trial.folder.nextAttempt();
        Json.write(
                trial.folder.trialFile(),
                TrialFiles.create(setup.experiment(), setup.spec(), trial.request, folders(trial)));
        byte @Nullable [] architectures = TrialFiles.architectures(setup.experiment(), trial.request);
        try {
            if (architectures != null) {
                AtomicFiles.write(trial.folder.trialFile().resolveSibling(TrialFiles.ARCHITECTURES), architectures);
            }
            AtomicFiles.createFolder(trial.folder.checkpoints());
            watch(
                    trial,
                    TrainerProcess.start(
                            setup.trainer(), trial.folder.trialFile(), setup.data(), setup.threads(), attempt));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start the trainer", e);
        }
    }

    private Folders folders(LocalTrial trial) {
        LocalTrial preparation = trials.get(Preparation.NUMBER);
        return new Folders(
                setup.data().toString(),
                trial.folder.checkpoints().toString(),
                resumed(trial).map(t -> t.folder.checkpoints().toString()).orElse(null),
                trial.request.purpose().opensTest() ? trial.folder.model().toString() : null,
                setup.experiment().inherits() && preparation != null && preparation != trial
                        ? preparation.folder.checkpoints().toString()
                        : null);
    }

    private void watch(LocalTrial trial, TrainerProcess process) {
        trial.process = process;
        trial.ending = null;
        trial.killAt = Instant.MAX;
        var _ = process.exit().thenAccept(code -> events.add(new Event.Exited(trial, process, code)));
    }

    /** Puts a trial of an earlier process in its place: done, still training, or to be tried again. */
    private void restore(TrialFolder folder) {
        var trial = new LocalTrial(folder.request().orElseThrow(), folder);
        trials.put(trial.number(), trial);
        trial.outcome = folder.outcome().orElse(null);
        List<AttemptFolder> attempts = folder.attempts();
        if (trial.outcome != null || attempts.isEmpty()) {
            return;
        }
        AttemptFolder last = attempts.getLast();
        if (last.ended().isEmpty() && last.pid().isPresent()) {
            TrainerProcess.adopt(last).ifPresentOrElse(p -> watch(trial, p), () -> found(trial, last));
        }
    }

    /** A trainer that ended while nobody watched. Without a result it went down with us, which is no fault of its own. */
    private void found(LocalTrial trial, AttemptFolder attempt) {
        var result = attempt.result().orElse(null);
        double seconds = seconds(attempt, attempt.resultTime().orElse(attempt.startedAt()));
        if (result == null) {
            attempt.end(new Ended(-1, seconds, true, "ended together with nas"));
        } else {
            judge(trial, attempt, result.exitCode(), seconds);
        }
    }

    private void exited(LocalTrial trial, TrainerProcess process, int code) {
        AttemptFolder attempt = process.attempt();
        trial.process = null;
        stale = true;
        if (attempt.pid().filter(pid -> pid != process.pid()).isPresent()) {
            TrainerProcess.adopt(attempt).ifPresentOrElse(p -> watch(trial, p), () -> found(trial, attempt));
            return;
        }
        judge(trial, attempt, code, seconds(attempt, clock.instant()));
    }

    private static double seconds(AttemptFolder attempt, Instant end) {
        return Math.max(0, Duration.between(attempt.startedAt(), end).toMillis() / 1000.0);
    }

    /** Gives the trial its outcome, or another attempt. */
    private void judge(LocalTrial trial, AttemptFolder attempt, int code, double seconds) {
        var result = attempt.result().orElse(null);
        double total = trial.endedSeconds() + seconds;
        var wanted = Outcomes.Wanted.of(setup.experiment(), trial.request);
        var outcome = Outcomes.of(code, result, wanted, total);
        String message = result != null && result.message() != null
                ? result.message()
                : "the trainer ended with exit code %d, see %s".formatted(code, attempt.log());
        boolean ours = outcome.isEmpty() && trial.ending != null && trial.ending != Ending.DEADLINE;
        attempt.end(new Ended(code, seconds, ours, message));
        if (outcome.isPresent()) {
            end(trial, outcome.get());
        } else if (trial.ending == Ending.STOPPED) {
            end(trial, new TrialState.Stopped("the search had no use for it any more", total));
        } else if (trial.ending == Ending.DEADLINE) {
            end(
                    trial,
                    new TrialState.Failed(
                            "it ran longer than trainer.deadlineSeconds: "
                                    + setup.spec().trainer().deadlineSeconds(),
                            total));
        } else if (!ours) {
            retry(trial, code, message, total);
        }
    }

    private void retry(LocalTrial trial, int code, String message, double seconds) {
        long failures = trial.folder.attempts().stream()
                .flatMap(a -> a.ended().stream())
                .filter(e -> !e.interrupted())
                .count();
        int limit = setup.spec().trainer().backoffLimit();
        if (failures > limit) {
            end(
                    trial,
                    new TrialState.Failed(
                            "failed %d time%s, at last: %s".formatted(failures, failures == 1 ? "" : "s", message),
                            seconds,
                            code == ExitCode.TEMPORARY.code()));
            return;
        }
        trial.startAfter = clock.instant().plus(backoff(failures));
        watcher.notice("trial %d is tried again (%d of %d): %s".formatted(trial.number(), failures, limit, message));
    }

    /** A second, and twice as long each time. */
    private static Duration backoff(long failures) {
        Duration pause = Duration.ofSeconds(1L << Math.min(failures - 1, 10));
        return pause.compareTo(LONGEST_BACKOFF) > 0 ? LONGEST_BACKOFF : pause;
    }

    private void end(LocalTrial trial, TrialState.Outcome outcome) {
        trial.outcome = OutcomeFile.of(outcome, clock.instant());
        trial.folder.end(trial.outcome);
        boolean mayGoOn = setup.experiment().fidelity().resumes()
                && setup.experiment().trainingEpochs(trial.request) > trial.request.epochs();
        boolean isInherited =
                setup.experiment().inherits() && !trial.request.purpose().hasArchitecture();
        if (!(outcome instanceof TrialState.Completed) || !(mayGoOn || isInherited)) {
            trial.folder.removeCheckpoints();
        }
        resumed(trial).ifPresent(t -> t.folder.removeCheckpoints());
        stale = true;
        watcher.ended(trial, plan);
    }

    /** The trial whose training this one continues. */
    private Optional<LocalTrial> resumed(LocalTrial trial) {
        return setup.experiment().fidelity().resumes()
                ? Optional.ofNullable(trial.request.continues()).map(trials::get)
                : Optional.empty();
    }

    private void end(LocalTrial trial, Ending why) {
        if (trial.process != null) {
            if (trial.ending == null) {
                trial.killAt = clock.instant().plus(GRACE);
                trial.process.terminate();
            }
            trial.ending = why;
        } else if (trial.outcome == null && why == Ending.STOPPED) {
            end(trial, new TrialState.Stopped("the search had no use for it any more", trial.endedSeconds()));
        }
    }

    private void enforceDeadlines() {
        Instant now = clock.instant();
        int limit = setup.spec().trainer().deadlineSeconds();
        for (LocalTrial trial : trials.values()) {
            if (trial.process == null) {
                continue;
            }
            if (now.isAfter(trial.killAt)) {
                trial.process.kill();
            } else if (trial.ending == null && trial.endedSeconds() + seconds(trial.process.attempt(), now) > limit) {
                end(trial, Ending.DEADLINE);
            }
        }
    }
}
