#!/bin/bash
# wait.sh
# Waits until the domain controller issues tickets, checks passwords and serves files, and the database is there.
until printf 'password-of-imp-alice\n' | kinit.mit -c /run/tickets/probe imp-alice; do sleep 0.2; done
until ntlm_auth --domain=IMPERSONATE --username=imp-alice --password=password-of-imp-alice; do sleep 0.2; done
until smbclient //dc.impersonate.test/share -U imp-alice%password-of-imp-alice -c ls; do sleep 0.2; done
until psql --host=/run/database --username=admin --dbname=postgres --command='select 1'; do sleep 0.2; done
