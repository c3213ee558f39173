#!/bin/bash
# in-domain.sh TREE COMMAND [ARGUMENT...]
# Process 1 of private mount, pid and network namespaces. Mounts TREE/usr over /usr (the host's /usr/local and /usr/src
# stay), creates a domain, its controller and a database, and runs COMMAND next to them. All written files, including
# /etc, are in memory and end with the namespaces. The code is a function, because bash must have read it all before
# /usr changes.
main() {
  set -eu
  local tree=$1 here=$PWD kept scripts
  scripts=$(cd "$(dirname "$0")" && pwd)
  shift
  for kept in local src; do mount --rbind "/usr/$kept" "$tree/usr/$kept"; done
  mount --rbind "$tree/usr" /usr
  mount -t tmpfs -o mode=755 tmpfs /run
  mkdir -p "${TMPDIR:-/tmp}" /run/user /run/samba /run/log /run/tickets /run/rcache
  cp -a /etc /run/etc
  rm -rf /run/etc/samba /run/etc/krb5.conf /run/etc/krb5.conf.d /run/etc/krb5.keytab
  cp "$scripts"/etc/* /run/etc/
  # The browser's fonts and settings, which Debian's packages have in /etc.
  for kept in fonts chromium chromium.d; do
    rm -rf "/run/etc/$kept"
    cp -a "$tree/etc/$kept" /run/etc/
  done
  mkdir /run/etc/samba
  mount --bind /run/etc /etc
  ip link set lo up
  unset KRB5_CONFIG KRB5_KTNAME KRB5CCNAME
  export KRB5RCACHEDIR=/run/rcache
  cd /run
  bash "$scripts/provision.sh" >/run/log/provision 2>&1 || fail provision
  bash "$scripts/delegation.sh" >/run/log/delegation 2>&1 || fail delegation
  bash "$scripts/database.sh" >/run/log/database 2>&1 &
  samba --interactive --no-process-group >/run/log/samba 2>&1 &
  timeout 60 bash "$scripts/wait.sh" >/run/log/wait 2>&1 || fail samba database wait
  cd "$here"
  "$@"
}
fail() {
  echo 'The domain could not be started:'
  for part in "$@"; do tail -n 20 "/run/log/$part"; done
  exit 70
}
main "$@"
