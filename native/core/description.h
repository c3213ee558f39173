#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/token.h"

namespace impersonate {

enum class PrincipalKind { kUser, kGroup };

// A user or group by its identifier: a SID in string form on Windows, a decimal uid or gid on Linux.
struct Principal {
  PrincipalKind kind;
  std::string id;

  friend bool operator==(const Principal& a, const Principal& b) { return a.kind == b.kind && a.id == b.id; }
};

// A privilege by its Win32 name, or a Linux capability by its name.
struct Privilege {
  std::string name;
  bool enabled;

  friend bool operator==(const Privilege& a, const Privilege& b) {
    return a.name == b.name && a.enabled == b.enabled;
  }
};

// What a token contains, as read from the kernel.
struct Description {
  Principal user;
  std::vector<Principal> groups;            // enabled ones only; on Linux the primary group comes first
  std::vector<Principal> deny_only_groups;  // Windows
  std::vector<Privilege> privileges;
  std::optional<Level> level;  // none for a primary token
  std::string logon_id;        // the logon SID on Windows, else empty
  bool anonymous = false;
};

// The name of a principal in the account database.
struct Account {
  std::string name;
  std::string domain;  // empty on Linux
};

// What Restrict removes from a token, and the restrictions that it adds.
struct Restrictions {
  std::vector<std::string> deny_only;          // SIDs
  std::vector<std::string> remove_privileges;  // privilege or capability names
  bool drop_all_groups = false;                // supplementary groups
  std::vector<std::string> drop_groups;        // gids
  std::vector<std::string> restricting;        // SIDs that must be granted access besides the token's own
  std::vector<std::string> flags;              // of CreateRestrictedToken, in camel case
  std::string integrity;                       // the name of a level; empty to leave it
};

// The object of an access check.
struct AccessTarget {
  enum class Kind { kPath, kSddl, kDescriptor };

  Kind kind;
  std::string text;                       // the path, or the security descriptor in text form
  std::vector<unsigned char> descriptor;  // in self-relative form
};

}  // namespace impersonate
