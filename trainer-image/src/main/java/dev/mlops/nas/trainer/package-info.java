/**
 * The built-in trainer: a process that reads a {@link dev.mlops.nas.contract.TrialFile}, compiles its graph into a fixed
 * sequence of ND4J operations, trains it, measures it and writes a {@link dev.mlops.nas.contract.TrialResult}.
 */
@NullMarked
package dev.mlops.nas.trainer;

import org.jspecify.annotations.NullMarked;
