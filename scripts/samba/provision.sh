#!/bin/bash
# provision.sh
# Creates the domain IMPERSONATE.TEST below /run/domain: users, two machines with the names of users of every Linux,
# and the accounts of services. This machine's keytab has the key of the first service. The domain controller is also
# a file server, with the folder /run/share.
set -eu

options=(
  'server services = rpc, ldap, cldap, kdc, winbindd, s3fs'
  'interfaces = lo'
  'bind interfaces only = yes'
  'log file = /run/log/%m'
  'kdc default domain supported enctypes = aes256-cts-hmac-sha1-96'
)
samba-tool domain provision --realm=IMPERSONATE.TEST --domain=IMPERSONATE --server-role=dc --host-name=dc \
  --host-ip=127.0.0.1 --dns-backend=NONE --adminpass='Pass-word.of-nobody.1' --targetdir=/run/domain \
  "${options[@]/#/--option=}"
cp /run/domain/etc/smb.conf /etc/samba/smb.conf
mkdir -m 1777 /run/share
cat >>/etc/samba/smb.conf <<'END'

[share]
  path = /run/share
  read only = no
  create mask = 0600
  directory mask = 0700
END

samba-tool domain passwordsettings set --complexity=off --min-pwd-length=1
for user in imp-alice imp-bob imp-sensitive imp-protected; do
  samba-tool user create "$user" "password-of-$user"
done
for service in http-service other-service; do samba-tool user create "$service" --random-password; done
for machine in root daemon; do
  samba-tool computer create "$machine"
  samba-tool user setpassword "$machine\$" --newpassword="password-of-$machine"
done
samba-tool spn add HTTP/localhost http-service
samba-tool spn add host/localhost http-service
samba-tool spn add HTTP/elsewhere other-service
samba-tool domain exportkeytab /etc/krb5.keytab --principal=HTTP/localhost
for service in host HTTP; do
  samba-tool domain exportkeytab /run/host-first.keytab --principal="$service/localhost"
done
