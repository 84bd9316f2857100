/** A throw-away Kubernetes control plane on this machine, for {@code nas up} and for tests: the real etcd, API server and controllers. */
@NullMarked
package dev.mlops.nas.devcluster;

import org.jspecify.annotations.NullMarked;
