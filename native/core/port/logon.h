#pragma once

#include <string>
#include <utility>

#include "core/secret.h"
#include "core/token.h"

namespace impersonate {

// With the values of LOGON32_LOGON_...
enum class LogonType {
  kInteractive = 2,
  kNetwork = 3,
  kBatch = 4,
  kService = 5,
  kUnlock = 7,
  kNetworkCleartext = 8,
  kNewCredentials = 9,
};

// With the values of LOGON32_PROVIDER_...
enum class LogonProvider { kDefault = 0, kWinNt40 = 2, kWinNt50 = 3 };

// A user name and its password.
struct Logon {
  explicit Logon(Secret<char> proof) : password(std::move(proof)) {}

  std::string user;
  std::string domain;  // Windows; empty if the user's name contains it
  LogonType type = LogonType::kNetwork;
  LogonProvider provider = LogonProvider::kDefault;
  std::string service;    // PAM's, on Linux
  Secret<char> password;  // UTF-8 without a NUL inside
};

// The authority that has the account: on Windows Kerberos for a domain's account, the computer for a local
// one, or either by the form of the name. Linux has one user database, and supports kAuto only.
enum class UserSource { kAuto = 0, kKerberos = 1, kLocal = 2 };

}  // namespace impersonate

// Logons, with and without a password. Each may wait for another machine, and a wrong password may take
// seconds: call them on a dedicated thread, never on a JavaScript thread or on libuv's pool. Both throw
// `Error`.
namespace impersonate::port {

TokenRef TokenForLogon(const Logon& logon);

// Without a password, by name. Throws ERR_UNKNOWN_USER if there is no such user. On Linux it also throws for
// an account that is known to have expired, and with `check_account` if PAM's account step fails. Windows
// always checks the account.
TokenRef TokenForUser(const std::string& name, UserSource source, bool check_account);

}  // namespace impersonate::port
