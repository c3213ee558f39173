#!/bin/bash
# wait.sh
# Waits until the domain controller issues tickets and checks passwords.
until printf 'password-of-imp-alice\n' | kinit.mit -c /run/tickets/probe imp-alice; do sleep 0.2; done
until ntlm_auth --domain=IMPERSONATE --username=imp-alice --password=password-of-imp-alice; do sleep 0.2; done
