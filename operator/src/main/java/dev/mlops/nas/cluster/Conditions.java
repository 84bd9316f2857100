package dev.mlops.nas.cluster;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Builds a list of conditions; a transition time moves only when a condition's status changes. */
final class Conditions {
    private final List<Condition> previous;
    private final long generation;
    private final String now;
    private final List<Condition> next = new ArrayList<>();

    Conditions(@Nullable List<Condition> previous, long generation, Instant now) {
        this.previous = previous == null ? List.of() : previous;
        this.generation = generation;
        this.now = now.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    Conditions add(String type, boolean status, String reason, String message) {
        return add(type, status ? "True" : "False", reason, message);
    }

    Conditions unknown(String type, String reason, String message) {
        return add(type, "Unknown", reason, message);
    }

    private Conditions add(String type, String status, String reason, String message) {
        next.add(new ConditionBuilder()
                .withType(type)
                .withStatus(status)
                .withReason(reason)
                .withMessage(message)
                .withObservedGeneration(generation)
                .withLastTransitionTime(previous.stream()
                        .filter(c -> c.getType().equals(type) && c.getStatus().equals(status))
                        .map(Condition::getLastTransitionTime)
                        .findFirst()
                        .orElse(now))
                .build());
        return this;
    }

    List<Condition> build() {
        return List.copyOf(next);
    }
}
