#!/bin/bash
# in-namespace.sh TREE STARTED PROGRAM [ARGUMENT...]
# Process 1 of a private mount and pid namespace: puts TREE/usr in the place of /usr (the host's /usr/local and
# /usr/src stay), runs a Windows program, and shuts its wineserver down, so that the registry is on disk. Leaves the
# file STARTED when the namespace is ready. A function, as bash must have read everything before /usr changes.
main() {
  local tree=$1 started=$2 runtime=/run/user kept code
  shift 2
  # Where Wine keeps its server's socket: a place that nobody else has and that goes with the namespace.
  [ -d "$runtime" ] || runtime=/run
  mount -t tmpfs -o mode=755 tmpfs "$runtime" && mkdir -p /run/user/0 && chmod 700 /run/user/0 || exit
  for kept in local src; do
    mount --rbind "/usr/$kept" "$tree/usr/$kept" || exit
  done
  mount --rbind "$tree/usr" /usr || exit
  : >"$started" || exit
  /usr/lib/wine/wine64 "$@"
  code=$?
  /usr/lib/wine/wineserver --kill
  /usr/lib/wine/wineserver --wait
  exit "$code"
}
main "$@"
