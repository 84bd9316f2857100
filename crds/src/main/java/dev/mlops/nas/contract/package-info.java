/**
 * The trial contract: what a trainer of any framework reads ({@link dev.mlops.nas.contract.TrialFile}) and writes
 * ({@link dev.mlops.nas.contract.TrialResult}), and how it ends ({@link dev.mlops.nas.contract.ExitCode}). Needs Jackson only.
 */
@NullMarked
package dev.mlops.nas.contract;

import org.jspecify.annotations.NullMarked;
