/** From the user's spec to the engine's records and to the trial contract; shared by operator and local mode. */
@NullMarked
package dev.mlops.nas.experiment;

import org.jspecify.annotations.NullMarked;
