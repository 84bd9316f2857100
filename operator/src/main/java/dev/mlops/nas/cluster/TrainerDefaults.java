package dev.mlops.nas.cluster;

import org.jspecify.annotations.Nullable;

/**
 * What the platform sets for all trainers.
 *
 * @param image of the built-in trainer, for experiments that name none
 * @param dataFolder where relative dataset paths start, in the trainer's image
 * @param ttlSeconds how long an ended Job and its pods are kept
 */
record TrainerDefaults(@Nullable String image, String dataFolder, int ttlSeconds) {}
