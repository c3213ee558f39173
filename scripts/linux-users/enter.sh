#!/bin/sh
# enter.sh PASSWD GROUP SHADOW COMMAND [ARGUMENT...]
# Runs COMMAND with these lines added to /etc/passwd, /etc/group and /etc/shadow, and the files of pam.d to /etc/pam.d.
# To be started in a private mount namespace: the machine's own files stay as they are, and the copies live in memory
# and end with the namespace.
set -eu

folder=$PWD
# Stays in reach where the folder itself is below what is covered next.
cd "$(dirname "$0")/pam.d"
stage=${TMPDIR:-/tmp}
mount -t tmpfs tmpfs "$stage"
{ cat /etc/passwd && printf '\n%s\n' "$1"; } >"$stage/passwd"
{ cat /etc/group && printf '\n%s\n' "$2"; } >"$stage/group"
# The machine's own passwords are not for the root of a user namespace.
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

# A name service cache would go on answering from the machine's own files.
if [ -d /run/nscd ]; then mount -t tmpfs tmpfs /run/nscd; fi

shift 3
exec "$@"
