#pragma once

#include <string>

#include "core/logon.h"
#include "core/token.h"

// Logons, with and without a password. Each may wait for another machine, and a wrong password for seconds:
// call them on a thread of their own, never on a JavaScript thread, nor on libuv's pool. Both throw `Error`.
namespace impersonate::port {

TokenRef TokenForLogon(const Logon& logon);

// Which authority is asked for an account: on Windows Kerberos for a domain's, the computer itself for its
// own, or either by the form of the name. On Linux there is one user database, and kAuto alone.
enum class UserSource { kAuto = 0, kKerberos = 1, kLocal = 2 };

// Without a password, by name; ERR_UNKNOWN_USER if there is no such user. On Linux it throws for an account
// that is known to have expired, and with `check_account` also if PAM's account step fails; Windows always
// checks.
TokenRef TokenForUser(const std::string& name, UserSource source, bool check_account);

}  // namespace impersonate::port
