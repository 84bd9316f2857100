package dev.mlops.nas.tracking;

import java.time.Instant;
import java.util.List;
import java.util.Map;

/** A real server, except that it gets an impossible name for one trial's experiment and refuses it. */
record RefusingOne(Tracking server, String refused) implements Tracking {
    @Override
    public Run openTrial(Run parent, RunSpec spec) throws TrackingException {
        if (spec.name().equals(refused)) {
            return server.openTrial(new Run("no-such-experiment", parent.runId(), parent.url()), spec);
        }
        return server.openTrial(parent, spec);
    }

    @Override
    public Run openExperiment(String experiment, RunSpec spec) throws TrackingException {
        return server.openExperiment(experiment, spec);
    }

    @Override
    public void log(Run run, List<Point> points, Map<String, String> tags) throws TrackingException {
        server.log(run, points, tags);
    }

    @Override
    public void storeArtifacts(Run run, Map<String, String> artifacts) throws TrackingException {
        server.storeArtifacts(run, artifacts);
    }

    @Override
    public Map<String, Long> lastSteps(Run run) throws TrackingException {
        return server.lastSteps(run);
    }

    @Override
    public void close(Run run, RunState state, Instant endedAt) throws TrackingException {
        server.close(run, state, endedAt);
    }

    @Override
    public void closeOpenTrials(Run parent, Instant endedAt) throws TrackingException {
        server.closeOpenTrials(parent, endedAt);
    }
}
