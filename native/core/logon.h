#pragma once

#include <string>
#include <utility>

#include "core/secret.h"

namespace impersonate {

// By the numbers of LOGON32_LOGON_...
enum class LogonType {
  kInteractive = 2,
  kNetwork = 3,
  kBatch = 4,
  kService = 5,
  kUnlock = 7,
  kNetworkCleartext = 8,
  kNewCredentials = 9,
};

// By the numbers of LOGON32_PROVIDER_...
enum class LogonProvider { kDefault = 0, kWinNt40 = 2, kWinNt50 = 3 };

// A user name and its password.
struct Logon {
  explicit Logon(Secret<char> proof) : password(std::move(proof)) {}

  std::string user;
  std::string domain;  // Windows; empty where the user's name says it
  LogonType type = LogonType::kNetwork;
  LogonProvider provider = LogonProvider::kDefault;
  std::string service;    // PAM's, on Linux
  Secret<char> password;  // UTF-8 without a NUL inside
};

}  // namespace impersonate
