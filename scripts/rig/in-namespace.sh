#!/bin/bash
# in-namespace.sh TREE STARTED PROGRAM [ARGUMENT...]
# Process 1 of a private mount and pid namespace. Mounts TREE/usr over /usr (the host's /usr/local and /usr/src stay),
# runs a Windows program, and shuts down its wineserver, so that the registry is written to disk. Creates the file
# STARTED when the namespace is ready. The code is a function, because bash must have read it all before /usr changes.
main() {
  local tree=$1 started=$2 runtime=/run/user kept code
  shift 2
  # The folder of the wineserver's socket: it is private and ends with the namespace.
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
