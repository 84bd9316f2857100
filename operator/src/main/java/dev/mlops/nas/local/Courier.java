package dev.mlops.nas.local;

import dev.mlops.nas.search.Plan;
import dev.mlops.nas.tracking.Delivery;
import dev.mlops.nas.tracking.Delivery.End;
import dev.mlops.nas.tracking.Delivery.Outcome;
import dev.mlops.nas.tracking.Delivery.Snapshot;
import dev.mlops.nas.tracking.MlflowServer;
import dev.mlops.nas.tracking.MlflowServerException;
import dev.mlops.nas.tracking.MlflowTracking;
import dev.mlops.nas.tracking.TrackedSearch;
import dev.mlops.nas.tracking.TrackedTrial;
import dev.mlops.nas.tracking.Tracker;
import dev.mlops.nas.tracking.Tracking.RunState;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Takes what the loop knows to MLflow, on a thread of its own, so that no trial waits for a server that is slow, away or still
 * being set up. What was delivered is marked in the state folder; a search that is run again delivers the rest.
 */
final class Courier implements LocalSearch.Watcher {
    private static final Duration PAUSE = Duration.ofSeconds(2);

    private final Setup setup;
    private final StateFolder state;
    private final Map<String, String> environment;
    private final Consumer<String> notices;
    private final Clock clock;
    private final Thread thread;
    private @Nullable Snapshot posted;
    private @Nullable Snapshot taken;
    private int version;
    private int takenVersion;
    private @Nullable Plan postedPlan;
    private int postedOutcomes = -1;
    private @Nullable Delivery delivery;
    private @Nullable Outcome last;
    private @Nullable String unavailable;
    private boolean open = true;

    /**
     * @param environment MLFLOW_TRACKING_URI and the credentials of MLflow
     * @param notices receives sentences for the user, on any thread
     */
    Courier(Setup setup, StateFolder state, Map<String, String> environment, Consumer<String> notices, Clock clock) {
        this.setup = setup;
        this.state = state;
        this.environment = environment;
        this.notices = notices;
        this.clock = clock;
        this.thread = Thread.ofPlatform().daemon().name("tracking").unstarted(this::deliver);
    }

    /** The address that file or environment name; null for the server of this machine. */
    static @Nullable String address(Setup setup, Map<String, String> environment) {
        var tracking = setup.spec().tracking();
        if (tracking != null && tracking.mlflow() != null && tracking.mlflow().uri() != null) {
            return tracking.mlflow().uri();
        }
        String address = environment.get("MLFLOW_TRACKING_URI");
        return address == null || address.isBlank() ? null : address;
    }

    void start() {
        thread.start();
    }

    @Override
    public synchronized void progress(@Nullable Plan plan, Collection<LocalTrial> trials) {
        int outcomes = (int) trials.stream().filter(t -> t.outcome != null).count();
        if (plan != null && (!plan.equals(postedPlan) || outcomes != postedOutcomes)) {
            posted = snapshot(plan, trials, null);
            version++;
            postedPlan = plan;
            postedOutcomes = outcomes;
            notifyAll();
        }
    }

    @Override
    public void ended(LocalTrial trial, @Nullable Plan plan) {}

    @Override
    public void notice(String sentence) {}

    /**
     * Delivers the end of the search, or of this process, and waits for that as long as the user may be made to wait.
     *
     * @return the last answer; null where there is no server
     */
    @Nullable
    Outcome finish(Plan plan, Collection<LocalTrial> trials, End end, Duration patience) throws InterruptedException {
        Instant until = clock.instant().plus(patience);
        synchronized (this) {
            posted = snapshot(plan, trials, end);
            version++;
            if (delivery != null) {
                delivery.retryNow();
            }
            notifyAll();
            while ((last == null || !last.endDelivered())
                    && unavailable == null
                    && clock.instant().isBefore(until)) {
                wait(100);
            }
            open = false;
            notifyAll();
            return last;
        }
    }

    /** Why there is no server; null while there may be one. */
    synchronized @Nullable String unavailable() {
        return unavailable;
    }

    private void deliver() {
        try {
            Delivery courier = connect();
            synchronized (this) {
                delivery = courier;
            }
            while (true) {
                Snapshot snapshot = next();
                if (snapshot == null) {
                    return;
                }
                record(courier.deliver(snapshot));
            }
        } catch (IOException | MlflowServerException | IllegalArgumentException e) {
            String sentence =
                    "MLflow is not used: %s; the search goes on, and the same command with --state delivers later"
                            .formatted(e.getMessage());
            synchronized (this) {
                unavailable = sentence;
                notifyAll();
            }
            notices.accept(sentence);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Delivery connect() throws IOException, MlflowServerException {
        String address = address(setup, environment);
        if (address == null) {
            address = MlflowServer.ofUser(notices).ensureRunning().toString();
        }
        notices.accept("MLflow: " + address);
        return new Delivery(
                new Tracker(
                        new MlflowTracking(address, environment),
                        new TrackedSearch(
                                state.identity().uuid(),
                                experimentName(),
                                setup.experiment(),
                                setup.spec(),
                                state.identity().startedAt(),
                                Map.of(
                                        "nas.mode",
                                        "local",
                                        "nas.state",
                                        state.path().toAbsolutePath().toString()))),
                clock);
    }

    private String experimentName() {
        var tracking = setup.spec().tracking();
        return tracking != null
                        && tracking.mlflow() != null
                        && tracking.mlflow().experiment() != null
                ? tracking.mlflow().experiment()
                : setup.experiment().name();
    }

    /** What to deliver next: something new, or what is still to be delivered. Null at the end. */
    private synchronized @Nullable Snapshot next() throws InterruptedException {
        while (open) {
            if (posted != null && (version != takenVersion || (last != null && last.more()))) {
                break;
            }
            wait(PAUSE.toMillis());
            if (last != null && last.problem() != null) {
                break;
            }
        }
        taken = posted;
        takenVersion = version;
        return open ? posted : null;
    }

    private synchronized void record(Outcome outcome) {
        Outcome before = last;
        last = outcome;
        outcome.delivered().forEach(state::markDelivered);
        if (outcome.endDelivered() && outcome.parent() != null && taken != null && taken.end() != null) {
            state.markEndDelivered(
                    new StateFolder.Tracked(outcome.parent().url(), taken.end().state() != RunState.KILLED));
        }
        if (outcome.problem() != null && (before == null || before.problem() == null)) {
            notices.accept("MLflow: " + outcome.message());
        }
        if (outcome.problem() == null && before != null && before.problem() != null) {
            notices.accept("MLflow answers again");
        }
        notifyAll();
    }

    private Snapshot snapshot(Plan plan, Collection<LocalTrial> trials, @Nullable End end) {
        List<TrackedTrial> tracked = trials.stream()
                .map(t -> new TrackedTrial(
                        t.request,
                        t.state(),
                        t.result(),
                        t.plannedAt,
                        t.outcome == null ? null : t.outcome.endedAt(),
                        state.isDelivered(t.number())))
                .toList();
        return new Snapshot(plan.phase(), plan.summary(), tracked, end);
    }
}
