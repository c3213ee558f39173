#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace impersonate::linux_port {

// What the user database (NSS) says of a user. These block while it is asked.
struct PasswdEntry {
  std::string name;
  uid_t uid;
  gid_t gid;
};

// None if there is no such user or group; throws Error if the database cannot be read.
std::optional<PasswdEntry> FindUser(const std::string& name);
std::optional<std::string> FindUserName(uid_t uid);
std::optional<std::string> FindGroupName(gid_t gid);

}  // namespace impersonate::linux_port
