/**
 * The local shell around {@link dev.mlops.nas.search.Experiments#decide}: a state folder instead of cluster objects, trainer
 * processes instead of pods, a terminal instead of a status.
 */
@NullMarked
package dev.mlops.nas.local;

import org.jspecify.annotations.NullMarked;
