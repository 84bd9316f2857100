/**
 * The cluster shell of the decision function: two reconcilers (an experiment starts trials, a trial starts a Job and reads its
 * end) around pure functions from API objects to records and back.
 */
@NullMarked
package dev.mlops.nas.cluster;

import org.jspecify.annotations.NullMarked;
