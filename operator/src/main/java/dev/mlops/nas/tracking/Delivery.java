package dev.mlops.nas.tracking;

import dev.mlops.nas.search.Plan;
import dev.mlops.nas.search.Plan.Summary;
import dev.mlops.nas.search.TrialState;
import dev.mlops.nas.tracking.Tracking.Run;
import dev.mlops.nas.tracking.Tracking.RunState;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Brings to the tracking server what is missing there, in the order of the trials. A shell calls {@link #deliver} at every
 * turn of its loop with all it knows, and records what the answer says was delivered. What was delivered but not recorded is
 * delivered again and not doubled; what could not be delivered is tried again at a later turn.
 *
 * <p>A server that is away costs a turn at most one call's time limit, then nothing until a pause is over that doubles from
 * 5 seconds to 5 minutes. Holds nothing that a restart would miss. Thread-safe.
 */
public final class Delivery {
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(5);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);

    /** A turn that finds thousands of trials to deliver gives control back after this time. */
    private static final Duration TURN = Duration.ofSeconds(3);

    /**
     * All that a shell knows.
     *
     * @param phase of the plan
     * @param summary of the plan
     * @param trials every trial ever planned
     * @param end of the search or of this process; null while it goes on
     */
    public record Snapshot(
            Plan.Phase phase,
            Summary summary,
            List<TrackedTrial> trials,
            @Nullable End end) {}

    /**
     * How the parent run is closed.
     *
     * @param state {@link RunState#KILLED} when the search is to go on later
     * @param artifacts such as the report, file name to text
     * @param endedAt the same at every call
     * @param delivered whether that has been done
     */
    public record End(RunState state, Map<String, String> artifacts, Instant endedAt, boolean delivered) {}

    /**
     * What a turn did.
     *
     * @param parent the search's run; null while the server was never reached by this object
     * @param runs the runs of trials, by number, that this object has opened; a trainer may log there
     * @param delivered numbers of trials whose delivery this object has completed; record them
     * @param endDelivered whether the parent run is closed
     * @param missing trials with an outcome, and the end, that are still to be delivered
     * @param problem why, in one sentence; null when nothing failed
     */
    public record Outcome(
            @Nullable Run parent,
            Map<Integer, Run> runs,
            Set<Integer> delivered,
            boolean endDelivered,
            int missing,
            @Nullable String problem) {
        /** Whether the next turn would deliver more at once. */
        public boolean more() {
            return missing > 0 && problem == null;
        }

        /** Whether the server knows all that the shell knows: the status of condition TrackingSynced. */
        public boolean synced() {
            return missing == 0 && problem == null;
        }

        /** The reason of condition TrackingSynced. */
        public String reason() {
            return synced() ? "UpToDate" : problem == null ? "Delivering" : "DeliveredLater";
        }

        /** The message of condition TrackingSynced. */
        public String message() {
            if (synced()) {
                return "everything that is known has reached MLflow";
            }
            String waiting = missing == 0 ? "" : missing == 1 ? "1 result waits; " : missing + " results wait; ";
            return problem == null
                    ? waiting + "delivery goes on"
                    : "the search goes on and is delivered later: " + waiting + problem;
        }
    }

    private final Tracker tracker;
    private final InstantSource clock;
    private final Map<Integer, Run> runs = new TreeMap<>();
    private final Set<Integer> delivered = new TreeSet<>();
    private final Map<Integer, Instant> refused = new HashMap<>();
    private @Nullable Run parent;
    private @Nullable Run shown;
    private @Nullable Map<String, Long> lastSteps;
    private @Nullable Progress sent;
    private boolean endDelivered;
    private Duration pause = FIRST_PAUSE;
    private @Nullable Instant nextTry;
    private @Nullable String problem;
    private @Nullable String refusal;

    private record Progress(Plan.Phase phase, Summary summary, int delivered) {}

    /** One object per search and process. */
    public Delivery(Tracker tracker, InstantSource clock) {
        this.tracker = tracker;
        this.clock = clock;
    }

    /** Delivers what is missing, as far as the server answers. */
    public synchronized Outcome deliver(Snapshot snapshot) {
        Instant now = clock.instant();
        if (nextTry == null || !now.isBefore(nextTry)) {
            try {
                turn(snapshot, now);
                nextTry = null;
                pause = FIRST_PAUSE;
                problem = refused.isEmpty() ? null : refusal;
            } catch (TrackingException e) {
                problem = e.getMessage();
                nextTry = clock.instant().plus(pause);
                pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
                forget();
            }
        }
        return new Outcome(shown, Map.copyOf(runs), Set.copyOf(delivered), endDelivered, missing(snapshot), problem);
    }

    /** Ends the pause, so that the next turn tries: for the user who waits at the end of a run. */
    public synchronized void retryNow() {
        nextTry = null;
        refused.clear();
    }

    private void turn(Snapshot snapshot, Instant now) throws TrackingException {
        if (parent == null) {
            parent = tracker.open();
            shown = parent;
        }
        Instant enough = now.plus(TURN);
        for (TrackedTrial trial : snapshot.trials()) {
            if (clock.instant().isAfter(enough)) {
                return;
            }
            if (isDelivered(trial) || now.isBefore(refused.getOrDefault(trial.number(), Instant.MIN))) {
                continue;
            }
            try {
                deliver(parent, trial);
                refused.remove(trial.number());
            } catch (TrackingException e) {
                if (e.scope() == TrackingException.Scope.SERVER) {
                    throw e;
                }
                // one trial that the server will not take must not keep back the others
                refused.put(trial.number(), now.plus(LONGEST_PAUSE));
                refusal = e.getMessage();
            }
        }
        End end = snapshot.end();
        boolean ends = end != null && !end.delivered() && !endDelivered;
        var progress = new Progress(snapshot.phase(), snapshot.summary(), delivered.size());
        if (!progress.equals(sent) && (end == null || ends)) {
            if (lastSteps == null) {
                lastSteps = tracker.lastSteps(parent);
            }
            lastSteps =
                    tracker.progress(parent, snapshot.phase(), snapshot.summary(), snapshot.trials(), lastSteps, now);
            sent = progress;
        }
        if (ends && end != null) {
            tracker.finish(parent, end.state(), snapshot.summary(), end.artifacts(), end.endedAt());
            endDelivered = true;
        }
    }

    private void deliver(Run parent, TrackedTrial trial) throws TrackingException {
        boolean done = trial.state() instanceof TrialState.Outcome;
        if (!done && runs.containsKey(trial.number())) {
            return;
        }
        // opened again when done: the run may have been deleted since
        Run run = tracker.openTrial(parent, trial.request(), trial.startedAt());
        runs.put(trial.number(), run);
        Instant endedAt = trial.endedAt();
        if (trial.state() instanceof TrialState.Outcome outcome && endedAt != null) {
            tracker.finishTrial(run, trial.request(), outcome, trial.result(), endedAt);
            delivered.add(trial.number());
        }
    }

    private boolean isDelivered(TrackedTrial trial) {
        return trial.delivered() || delivered.contains(trial.number());
    }

    private int missing(Snapshot snapshot) {
        var missing = new ArrayList<TrackedTrial>(snapshot.trials());
        missing.removeIf(t -> isDelivered(t) || !(t.state() instanceof TrialState.Outcome));
        boolean end = snapshot.end() != null && !snapshot.end().delivered() && !endDelivered;
        return missing.size() + (end ? 1 : 0);
    }

    /** What a server may have lost, or its owner deleted, while it did not answer. */
    private void forget() {
        parent = null;
        lastSteps = null;
        sent = null;
    }
}
