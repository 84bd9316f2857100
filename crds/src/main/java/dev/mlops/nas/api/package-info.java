/** The Kubernetes API of the product: {@code nas.mlops.dev/v1alpha1}, from which the CRDs are generated. */
@NullMarked
package dev.mlops.nas.api;

import org.jspecify.annotations.NullMarked;
