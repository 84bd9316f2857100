package dev.mlops.nas.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What to train; fixed at creation.
 *
 * @param experiment name of the owning experiment, in the same namespace
 * @param number of the trial in the experiment, from 1
 * @param purpose why it is trained
 * @param genotype chosen index of every decision; -1 where inactive; empty for purpose Preparation, as are decisions and architecture
 * @param decisions the same as names and values, active ones only
 * @param architecture canonical hash of the graph
 * @param epochs fidelity: 0 for an evaluation with inherited weights; epochs to train, or the effort in epochs on all of the data where evaluation.fidelity.resource is another
 * @param seed of the training
 * @param reference name of the human design, for purpose Reference
 * @param continues number of the trial with fewer epochs whose training goes on in this one
 * @param predicted predicted objective as text "mean ± standard deviation"; absent for trials that no surrogate chose, and in searches with several rungs
 * @param prediction the same as numbers
 */
@ValidationRule(value = "self == oldSelf", message = "a trial's spec cannot be changed")
@JsonInclude(JsonInclude.Include.NON_NULL)
public record NasTrialSpec(
        @Required String experiment,
        @Required @Min(1) Integer number,
        @Required TrialPurpose purpose,
        @Required List<Integer> genotype,
        @Required Map<String, String> decisions,
        @Required String architecture,
        @Required @Min(0) Integer epochs,
        @Required Long seed,
        @Nullable String reference,
        @Nullable @Min(1) Integer continues,
        @Nullable String predicted,
        @Nullable PredictionSpec prediction) {

    /** A surrogate's word on the objective before training: mean and standard deviation, in units of the objective. */
    public record PredictionSpec(
            @Required Double mean, @Required Double sd) {}
}
