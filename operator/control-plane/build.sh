#!/usr/bin/env bash
# build.sh [FOLDER [PROGRAM...]]: compiles the programs of a Kubernetes control plane (etcd, kube-apiserver, kube-controller-manager)
# from the Go modules pinned in go.mod and go.sum beside this script. Programs of the right version that lie in FOLDER already
# (default ~/.cache/nas-kubernetes/bin) are left alone. Needs Go 1.25 or later and access to a Go module proxy.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
bin=${1:-$HOME/.cache/nas-kubernetes/bin}
[ $# -le 1 ] && programs=(etcd kube-apiserver kube-controller-manager) || programs=("${@:2}")
pinned() { sed -n "s#^.*[[:space:]]$1 v\([0-9.]*\).*#\1#p" "$here/go.mod" | head -n 1; }
kubernetes=$(pinned k8s.io/kubernetes)
etcd=$(pinned go.etcd.io/etcd/server/v3)

package_of() {
  case $1 in
    etcd) echo go.etcd.io/etcd/server/v3 ;;
    kube-apiserver | kube-controller-manager | kubectl) echo "k8s.io/kubernetes/cmd/$1" ;;
    *) echo "build.sh: there is no program $1; there are etcd, kube-apiserver, kube-controller-manager and kubectl" >&2; exit 64 ;;
  esac
}
there() { # has FOLDER the program in the pinned version?
  [ -x "$bin/$1" ] || return 1
  case $1 in
    etcd) "$bin/$1" --version | grep -qxF "etcd Version: $etcd" ;;
    kubectl) ;;
    *) [ "$("$bin/$1" --version)" = "Kubernetes v$kubernetes" ] ;;
  esac
}
missing() { for p in "${programs[@]}"; do there "$p" || echo "$p"; done; }

for p in "${programs[@]}"; do package_of "$p" > /dev/null; done
mapfile -t todo < <(missing)
[ ${#todo[@]} = 0 ] && exit 0

PATH=$PATH:/usr/local/go/bin
needs="Go 1.25 or later is needed to compile the Kubernetes $kubernetes control plane (${todo[*]}): install it, or set KUBEBUILDER_ASSETS to a folder that holds the programs"
command -v go > /dev/null || { echo "$needs" >&2; exit 69; }
release=$(GOTOOLCHAIN=local go env GOVERSION | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
[ "${release:-0}" -ge 25 ] || { echo "$needs; this machine has $(GOTOOLCHAIN=local go env GOVERSION)" >&2; exit 69; }

mkdir -p "$bin"
exec 9> "$bin/.lock"
if command -v flock > /dev/null && ! flock -n 9; then
  echo "another process is compiling the control plane, waiting for it" >&2
  flock 9
fi
mapfile -t todo < <(missing)
[ ${#todo[@]} = 0 ] && exit 0
echo "compiling Kubernetes $kubernetes (${todo[*]}) into $bin: about 7 minutes on 2 cores and 3.5 GB of Go caches, once" >&2

flags="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  flags+=" -X $package.gitVersion=v$kubernetes -X $package.gitMajor=${kubernetes%%.*} -X $package.gitMinor=$(cut -d. -f2 <<< "$kubernetes")"
  flags+=" -X $package.gitTreeState=clean"
done
export CGO_ENABLED=0 GOFLAGS=-mod=readonly
cd "$here"
number=0
for p in "${todo[@]}"; do
  number=$((number + 1)); started=$SECONDS
  echo "[$number/${#todo[@]}] compiling $p" >&2
  # Under another name first: what is interrupted leaves no half program.
  for attempt in 1 2 3; do
    nice -n 10 go build -trimpath -buildvcs=false -ldflags "$flags" -o "$bin/.$p.$$" "$(package_of "$p")" 2> "$bin/.$p.log" 9>&- && break
    # What a module proxy did not deliver in time it may deliver now; what does not compile never will.
    if [ "$attempt" = 3 ] || ! grep -qE 'timeout|connection|EOF|temporar' "$bin/.$p.log"; then
      echo "go build of $p failed:" >&2
      tail -n 5 "$bin/.$p.log" >&2
      rm -f "$bin/.$p.$$"
      exit 1
    fi
    echo "[$number/${#todo[@]}] a download failed, trying again" >&2
    sleep 5
  done
  mv "$bin/.$p.$$" "$bin/$p"
  rm -f "$bin/.$p.log"
  echo "[$number/${#todo[@]}] $p is ready after $((SECONDS - started)) s" >&2
done
