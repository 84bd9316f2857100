/**
 * From a YAML file to a {@code NasExperiment} that is valid and complete, by the very schema and CEL rules of the CRD: what
 * {@code kubectl apply} accepts, local mode accepts, and what one of them refuses, the other refuses at the same field.
 */
@NullMarked
package dev.mlops.nas.validation;

import org.jspecify.annotations.NullMarked;
