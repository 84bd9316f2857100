/** Tests of the trainer. */
@NullMarked
package dev.mlops.nas.trainer;

import org.jspecify.annotations.NullMarked;
