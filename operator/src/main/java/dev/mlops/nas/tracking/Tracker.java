package dev.mlops.nas.tracking;

import dev.mlops.nas.api.NasApi;
import dev.mlops.nas.contract.TrialResult;
import dev.mlops.nas.search.Plan;
import dev.mlops.nas.search.Plan.Summary;
import dev.mlops.nas.search.TrialRequest;
import dev.mlops.nas.search.TrialState.Outcome;
import dev.mlops.nas.tracking.Tracking.Point;
import dev.mlops.nas.tracking.Tracking.Run;
import dev.mlops.nas.tracking.Tracking.RunSpec;
import dev.mlops.nas.tracking.Tracking.RunState;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A search on the tracking server: the engine's records become runs. Every method may be called again with the same
 * arguments, by the same process or by the next one, and changes nothing then. Shells usually go through {@link Delivery},
 * which also knows what to do while the server is away.
 */
public final class Tracker {
    private final Tracking tracking;
    private final TrackedSearch search;

    /** Does not call the server. */
    public Tracker(Tracking tracking, TrackedSearch search) {
        this.tracking = tracking;
        this.search = search;
    }

    /** The parent run. */
    public Run open() throws TrackingException {
        Run parent = tracking.openExperiment(
                search.experimentName(),
                new RunSpec(
                        search.uid(),
                        search.experiment().name(),
                        search.startedAt(),
                        SearchContent.params(search),
                        SearchContent.tags(search)));
        tracking.storeArtifacts(parent, SearchContent.artifacts(search));
        return parent;
    }

    /** The run of one trial, so that its trainer can log there. */
    public Run openTrial(Run parent, TrialRequest request, Instant startedAt) throws TrackingException {
        return tracking.openTrial(
                parent,
                new RunSpec(
                        search.uid() + "/" + request.number(),
                        NasApi.trialName(search.experiment().name(), request.number()),
                        startedAt,
                        TrialContent.params(search.experiment(), request),
                        TrialContent.openTags(search.experiment(), request)));
    }

    /** All that is known of a trial that is done; its run is closed. */
    public void finishTrial(
            Run run, TrialRequest request, Outcome outcome, @Nullable TrialResult result, Instant endedAt)
            throws TrackingException {
        tracking.log(
                run,
                TrialContent.points(search.experiment(), request, outcome, result, endedAt),
                TrialContent.endTags(outcome, result));
        if (request.purpose().hasArchitecture()) {
            tracking.storeArtifacts(run, TrialContent.artifacts(search.experiment(), request.genotype(), ""));
        }
        tracking.close(run, TrialContent.state(outcome), endedAt);
    }

    /**
     * The parent's curves and description.
     *
     * @param trials all, in the order of their numbers
     * @param lastSteps what the server has, from {@link Tracking#lastSteps}; points up to there are not sent again
     * @param now time of the figures that only the summary has
     * @return what the server has after that
     */
    Map<String, Long> progress(
            Run parent,
            Plan.Phase phase,
            Summary summary,
            List<TrackedTrial> trials,
            Map<String, Long> lastSteps,
            Instant now)
            throws TrackingException {
        var points = new ArrayList<>(Curve.points(search.experiment(), trials));
        int step = summary.searchDone();
        if (step > 0) {
            points.add(new Point("trials_done", step, step, now));
            if (summary.predictor() != null) {
                points.add(new Point("kendall_tau", summary.predictor().kendallTau(), step, now));
                points.add(new Point("kendall_tau_low", summary.predictor().low(), step, now));
                points.add(new Point("kendall_tau_high", summary.predictor().high(), step, now));
            }
        }
        points.removeIf(p -> p.step() <= lastSteps.getOrDefault(p.metric(), -1L) || !Double.isFinite(p.value()));
        tracking.log(parent, points, SearchContent.summaryTags(search, phase, summary));
        var steps = new HashMap<>(lastSteps);
        points.forEach(p -> steps.merge(p.metric(), p.step(), Math::max));
        return steps;
    }

    /** What the server has of the parent's curves. */
    Map<String, Long> lastSteps(Run parent) throws TrackingException {
        return tracking.lastSteps(parent);
    }

    /**
     * The end of the search, or of this process while the search is to go on later.
     *
     * @param state {@link RunState#KILLED} when it is to go on: opening it again continues it
     * @param artifacts such as the report, file name to text
     */
    public void finish(Run parent, RunState state, Summary summary, Map<String, String> artifacts, Instant endedAt)
            throws TrackingException {
        tracking.log(
                parent,
                SearchContent.resultMetrics(search.experiment(), summary).entrySet().stream()
                        .map(e -> new Point(e.getKey(), e.getValue(), 0, endedAt))
                        .toList(),
                Map.of());
        tracking.storeArtifacts(parent, artifacts);
        if (summary.best() != null) {
            tracking.storeArtifacts(
                    parent,
                    TrialContent.artifacts(search.experiment(), summary.best().genotype(), "best-"));
        }
        tracking.closeOpenTrials(parent, endedAt);
        tracking.close(parent, state, endedAt);
    }
}
