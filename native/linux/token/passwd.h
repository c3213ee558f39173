#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace impersonate::linux_port {

// An entry of the user database (NSS). These functions block while it is read.
struct PasswdEntry {
  std::string name;
  uid_t uid;
  gid_t gid;
  std::string home, shell;
};

// None if there is no such user or group; throws Error if the database cannot be read.
std::optional<PasswdEntry> FindUser(const std::string& name);
std::optional<PasswdEntry> FindUserByUid(uid_t uid);
std::optional<std::string> FindUserName(uid_t uid);
// The day since 1970 from which the account has expired (/etc/shadow). None if there is no such day, or if
// the process may not read it.
std::optional<std::int64_t> FindExpiry(const std::string& name);
std::optional<std::string> FindGroupName(gid_t gid);

}  // namespace impersonate::linux_port
