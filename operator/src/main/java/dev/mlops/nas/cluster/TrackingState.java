package dev.mlops.nas.cluster;

import dev.mlops.nas.api.NasExperimentStatus.TrackingStatus;
import org.jspecify.annotations.Nullable;

/**
 * How delivery to MLflow stands.
 *
 * @param run the experiment's run; null while there is none
 * @param synced whether everything that is over has been delivered
 * @param reason one CamelCase word
 * @param message one sentence
 * @param retry whether something waits that no event will announce
 */
record TrackingState(@Nullable TrackingStatus run, boolean synced, String reason, String message, boolean retry) {}
