#!/bin/bash
# delegation.sh
# Creates the accounts of portals and of back ends, each with one service principal name and a keytab of the account's
# name below /run/keytabs, and permits each portal its kind of delegation. See docs/delegation.md.
set -eu

realm=IMPERSONATE.TEST
domain=impersonate.test
mkdir /run/keytabs

# As ktpass does, it makes the service principal name the account's user principal name too: the key can then be used
# to get tickets, and not only to accept them.
service() {
  local account=$1 name=$2.$domain
  samba-tool user create "$account" --random-password
  samba-tool spn add "$name" "$account"
  samba-tool user rename "$account" --upn="$name@$realm"
  samba-tool domain exportkeytab "/run/keytabs/$account" --principal="$name"
}
service backend HTTP/backend
service database postgres/db
service portal-classic HTTP/classic
service portal-resource HTTP/resource
service portal-transition HTTP/transition
service portal-resource-transition HTTP/resource-transition
service portal-plain HTTP/plain
service portal-open HTTP/open

targets=("HTTP/backend.$domain" "postgres/db.$domain" "cifs/dc.$domain")
for portal in portal-classic portal-transition; do
  for target in "${targets[@]}"; do samba-tool delegation add-service "$portal" "$target"; done
done
for portal in portal-resource portal-resource-transition; do
  for account in backend database 'dc$'; do samba-tool delegation add-principal "$account" "$portal"; done
done
samba-tool delegation add-principal portal-classic portal-resource # a portal behind a portal
for portal in portal-transition portal-resource-transition; do
  samba-tool delegation for-any-protocol "$portal" on
done
samba-tool delegation for-any-service portal-open on

samba-tool user sensitive imp-sensitive on
samba-tool group addmembers 'Protected Users' imp-protected
