#!/usr/bin/env bash
# nas : the launcher. Finds a JDK 25, builds what is out of date, starts the program. `./nas --help` tells the rest.
set -euo pipefail

self=$(readlink -f "${BASH_SOURCE[0]}")
export NAS_HOME=${self%/*}
java_needed=25
stamp=$NAS_HOME/target/nas-built
build_log=$NAS_HOME/target/nas-build.log

fail() { echo "nas: $*" >&2; exit 1; }

# The feature release of the JDK in folder $1, from its release file; nothing when there is no JDK.
jdk_release() { [ -x "$1/bin/javac" ] && sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2> /dev/null; }

find_jdk() {
  local on_path candidate release
  on_path=$(command -v javac || true)
  for candidate in "${JAVA_HOME:-}" "${on_path:+$(readlink -f "$on_path" | sed 's#/bin/javac$##')}" \
    /usr/lib/jvm/* /opt/java/* /opt/jdk* "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home; do
    release=$(jdk_release "$candidate" || true)
    if [ -n "$release" ] && [ "$release" -ge "$java_needed" ]; then
      export JAVA_HOME=$candidate
      return
    fi
  done
  fail "needs a JDK $java_needed or later and found none in JAVA_HOME, on the path or in the usual folders: install one (for example Temurin $java_needed) or set JAVA_HOME to it"
}

# One line that changes when a source file changes, comes or goes.
sources() {
  cd "$NAS_HOME"
  { find pom.xml .mvn manifests/crds {crds,predictor,trainer-image,operator}/{pom.xml,src/main} -type f -printf '%p %s %T@\n' | sort
    echo "$JAVA_HOME"; } | cksum
}

maven() {
  command -v mvn > /dev/null || fail "needs Maven 3.8.6 or later to build and found no mvn on the path: install it (for example the package maven)"
  (cd "$NAS_HOME" && exec mvn -ntp ${NAS_MAVEN_REPOSITORY:+-Dmaven.repo.local="$NAS_MAVEN_REPOSITORY"} "$@")
}

show_progress() { # of the build with process id $1, on the terminal only
  local started=$SECONDS module
  while kill -0 "$1" 2> /dev/null; do
    module=$(sed -n 's/.*Building nas-operator: \(.*\) [0-9.]*-SNAPSHOT.*/\1/p' "$build_log" | tail -n 1)
    printf '\r\033[Kbuilding %s … %d s' "${module:-nas-operator}" $((SECONDS - started)) >&2
    sleep 0.5
  done
  printf '\r\033[K' >&2
}

build() { # NAS_BUILD=off starts what was built last
  local now pid
  [ "${NAS_BUILD:-}" != off ] || return 0
  now=$(sources)
  [ "$(cat "$stamp" 2> /dev/null)" = "$now" ] && return
  mkdir -p "$NAS_HOME/target"
  exec 9> "$NAS_HOME/target/nas-build.lock"
  flock 9
  [ "$(cat "$stamp" 2> /dev/null)" = "$now" ] && { exec 9>&-; return; }
  [ -f "$stamp" ] || echo "nas: first build, about 2 minutes and, with an empty Maven cache, some 600 MB of downloads (log: $build_log)" >&2
  maven -Dstyle.color=never -DskipTests package > "$build_log" 2>&1 9>&- &
  pid=$!
  if [ -t 2 ]; then show_progress "$pid"; fi
  wait "$pid" || { grep -m 20 -e '^\[ERROR\]' -e '^nas:' "$build_log" >&2 || tail -n 20 "$build_log" >&2; fail "the build failed, see $build_log"; }
  echo "$now" > "$stamp"
  exec 9>&-
}

# A Python with PyTorch for the tests of its trainer, kept in the cache under the sum of its requirements.
pytorch() {
  local requirements=$NAS_HOME/examples/trainers/pytorch/requirements.txt folder
  folder=${XDG_CACHE_HOME:-$HOME/.cache}/nas-operator/pytorch-$(cksum < "$requirements" | cut -d ' ' -f 1)
  if [ ! -f "$folder/complete" ]; then
    echo "nas: installing PyTorch into $folder (some 5 GB)" >&2
    rm -rf "$folder"
    { python3 -m venv "$folder" && "$folder/bin/pip" install -q -r "$requirements"; } >&2 ||
      fail "PyTorch cannot be installed: nas test --pytorch needs Python 3.10 or later with venv, and a package index"
    touch "$folder/complete"
  fi
  echo "$folder/bin/python"
}

# All tests, as CI runs them; with --pytorch those of the PyTorch trainer too. A skipped test is a failure.
test_all() {
  local skipped
  if [ "${1:-}" = --pytorch ]; then
    shift
    NAS_PYTORCH=$(pytorch)
    export NAS_PYTORCH
    set -- -Dnas.tests.left-out= "$@"
  fi
  rm -rf "$NAS_HOME"/*/target/{surefire,failsafe}-reports
  "$NAS_HOME/operator/control-plane/build.sh"
  maven "$@" com.diffplug.spotless:spotless-maven-plugin:check verify
  skipped=$(grep -lE '<testsuite [^>]*skipped="[1-9]' "$NAS_HOME"/*/target/{surefire,failsafe}-reports/*.xml 2> /dev/null || true)
  [ -z "$skipped" ] || fail "tests were skipped, which counts as a failure: $skipped"
  sources > "$stamp"
}

find_jdk
case ${1:-} in
  test)
    case ${2:-} in -h | --help) ;; *) shift; test_all "$@"; exit ;; esac ;;
  build)
    case ${2:-} in -h | --help) ;; *) build; echo "nas: up to date"; exit ;; esac ;;
esac
build
app=$NAS_HOME/operator/target/quarkus-app
exec "$JAVA_HOME/bin/java" -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow ${NAS_JAVA_OPTS:-} \
  -cp "$app/app/*:$app/lib/main/*:$app/lib/boot/*" dev.mlops.nas.cli.Nas "$@"
