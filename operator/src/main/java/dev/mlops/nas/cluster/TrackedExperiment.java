package dev.mlops.nas.cluster;

import dev.mlops.nas.search.TrialRequest;
import dev.mlops.nas.tracking.Delivery;
import dev.mlops.nas.tracking.Delivery.Outcome;
import dev.mlops.nas.tracking.Delivery.Snapshot;
import dev.mlops.nas.tracking.TrackedSearch;
import dev.mlops.nas.tracking.Tracker;
import dev.mlops.nas.tracking.Tracking;
import dev.mlops.nas.tracking.Tracking.Run;
import dev.mlops.nas.tracking.TrackingException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Tracking of one experiment in this process. Delivery runs on a thread of its own, one at a time, so that a slow or absent
 * server never holds up the search; only opening the runs of new trials is waited for, because their trainers want the id, and
 * that is not tried while the server is known to be away. Holds nothing that a restart would miss.
 */
final class TrackedExperiment {
    private static final Logger LOG = Logger.getLogger(TrackedExperiment.class);

    private final String address;
    private final Tracker tracker;
    private final Delivery delivery;
    private final String name;
    private @Nullable Run parent;
    private @Nullable String problem;
    private @Nullable Outcome last;
    private @Nullable Work waiting;
    private boolean working;
    private boolean stopped;

    private record Work(Supplier<Snapshot> snapshot, Runnable whenNews) {}

    TrackedExperiment(String address, Tracking tracking, TrackedSearch search, InstantSource clock) {
        this.address = address;
        this.tracker = new Tracker(tracking, search);
        this.delivery = new Delivery(tracker, clock);
        this.name = search.experimentName();
    }

    /** The server's address. */
    String address() {
        return address;
    }

    /** The run for a trial that is about to be created; empty while the server is away. */
    Optional<Run> open(TrialRequest request, Instant at) {
        synchronized (this) {
            if (problem != null) {
                return Optional.empty();
            }
        }
        try {
            Run run = tracker.openTrial(parent(), request, at);
            return Optional.of(run);
        } catch (TrackingException e) {
            problem(e.getMessage());
            return Optional.empty();
        }
    }

    private Run parent() throws TrackingException {
        synchronized (this) {
            if (parent != null) {
                return parent;
            }
        }
        Run opened = tracker.open();
        synchronized (this) {
            parent = opened;
        }
        return opened;
    }

    private synchronized void problem(@Nullable String message) {
        if (message != null && !message.equals(problem)) {
            LOG.warnf("experiment %s: tracking is away, the search goes on: %s", name, message);
        }
        problem = message;
        if (message != null) {
            parent = null;
        }
    }

    /** What the last delivery came to; empty before the first. */
    synchronized Optional<Outcome> last() {
        return Optional.ofNullable(last);
    }

    /**
     * Delivers soon what is missing; of several requests the latest counts.
     *
     * @param snapshot is taken when its turn comes
     * @param whenNews called after a delivery whose outcome differs from the one before
     */
    synchronized void deliver(Supplier<Snapshot> snapshot, Runnable whenNews) {
        if (stopped) {
            return;
        }
        waiting = new Work(snapshot, whenNews);
        if (!working) {
            working = true;
            Thread.ofVirtual().name("tracking " + name).start(this::work);
        }
    }

    /** Lets no further delivery begin; false while one is under way, which could open again what is closed meanwhile. */
    synchronized boolean stop() {
        stopped = true;
        waiting = null;
        return !working;
    }

    private void work() {
        for (Work work = next(); work != null; work = next()) {
            try {
                Outcome outcome = delivery.deliver(work.snapshot().get());
                problem(outcome.problem());
                boolean news;
                synchronized (this) {
                    news = !Objects.equals(last, outcome);
                    last = outcome;
                }
                if (news) {
                    work.whenNews().run();
                }
            } catch (RuntimeException e) {
                LOG.warnf("experiment %s: delivery to tracking failed and is tried again: %s", name, e);
            }
        }
    }

    private synchronized @Nullable Work next() {
        Work work = waiting;
        waiting = null;
        working = work != null;
        return work;
    }
}
