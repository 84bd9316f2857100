/**
 * A throw-away Kubernetes cluster on this machine, for {@code nas up} and for tests: the real etcd, API server and controllers
 * ({@link dev.mlops.nas.devcluster.ControlPlane}), and a stand-in for scheduler and kubelet that runs pods as local processes
 * ({@link dev.mlops.nas.devcluster.PodRunner}).
 */
@NullMarked
package dev.mlops.nas.devcluster;

import org.jspecify.annotations.NullMarked;
