#!/bin/sh
# enter.sh PASSWD GROUP SHADOW COMMAND [ARGUMENT...]
# Runs COMMAND with these lines added to /etc/passwd, /etc/group and /etc/shadow, and the files of pam.d added to
# /etc/pam.d. Start it in a private mount namespace: the machine's own files do not change, and the copies are in memory
# and end with the namespace.
set -eu

folder=$PWD
# Stays reachable if the folder itself is below the next mount.
cd "$(dirname "$0")/pam.d"
stage=${TMPDIR:-/tmp}
mount -t tmpfs tmpfs "$stage"
{ cat /etc/passwd && printf '\n%s\n' "$1"; } >"$stage/passwd"
{ cat /etc/group && printf '\n%s\n' "$2"; } >"$stage/group"
# The root of a user namespace must not read the machine's own passwords.
{ cat /etc/shadow 2>/dev/null || :; printf '\n%s\n' "$3"; } >"$stage/shadow"
chmod 0644 "$stage/passwd" "$stage/group"
chmod 0600 "$stage/shadow"
mount --bind "$stage/passwd" /etc/passwd
mount --bind "$stage/group" /etc/group
if [ -e /etc/shadow ]; then mount --bind "$stage/shadow" /etc/shadow; fi
if [ -d /etc/pam.d ]; then
  mkdir "$stage/pam.d"
  cp -R /etc/pam.d/. ./* "$stage/pam.d/"
  mount --bind "$stage/pam.d" /etc/pam.d
fi
umount "$stage"
cd "$folder"

# A name service cache would return entries of the machine's own files.
if [ -d /run/nscd ]; then mount -t tmpfs tmpfs /run/nscd; fi

shift 3
exec "$@"
