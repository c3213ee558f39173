#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/token.h"

namespace impersonate {

// Whose security descriptor a user's access is worked out from.
struct AccessTarget {
  enum class Kind { kPath, kSddl, kDescriptor };

  Kind kind;
  std::string text;                       // the path, or the descriptor in text form
  std::vector<unsigned char> descriptor;  // in self-relative form
};

}  // namespace impersonate

// What an operating system provides for tokens that come of other tokens. Every function throws `Error`.
namespace impersonate::port {

// The other token of a user who has two; null if there is none.
TokenRef LinkedToken(const Token& token);

// A copy with those privileges enabled, or none at all.
TokenRef WithPrivileges(const Token& token, const std::vector<std::string>& names);

// Whether the token's user may do all that is in the access mask. May block: never call it on a JavaScript
// thread.
bool CheckAccess(const Token& token, const AccessTarget& target, std::uint32_t access);

// The same text for two tokens if they have the same user, logon session, groups, privileges, restrictions
// and level, and only then.
std::string Fingerprint(const Token& token);

}  // namespace impersonate::port
