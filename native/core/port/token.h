#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/description.h"
#include "core/token.h"

// Tokens: their sources without a logon, derived tokens, and their contents. Every function throws `Error`.
namespace impersonate::port {

// The process identity, whatever the calling thread impersonates.
TokenRef ProcessToken();
// The token that the calling thread impersonates, as the kernel reports it; null if there is none.
TokenRef ThreadToken();
TokenRef AnonymousToken();
// A Linux user by ids, which no account needs to have.
TokenRef TokenForIds(std::uint32_t uid, std::uint32_t gid, const std::vector<std::uint32_t>& groups);
// A Win32 token handle. With `adopt` the handle is closed if the call succeeds; otherwise the caller keeps
// it.
TokenRef TokenFromHandle(std::uint64_t handle, bool adopt);

TokenRef Restrict(const Token& token, const Restrictions& restrictions);
TokenRef Duplicate(const Token& token, Level level);
// The linked token (TokenLinkedToken); null if there is none.
TokenRef LinkedToken(const Token& token);
// A copy with all of these privileges enabled; throws if the token does not hold all of them.
TokenRef WithPrivileges(const Token& token, const std::vector<std::string>& names);

Description Describe(const Token& token);
// Whether the tokens have the same user, groups, privileges, restrictions and level.
bool Equal(const Token& a, const Token& b);
// The same text for two tokens if they have the same user, logon session, groups, privileges, restrictions
// and level, and only then.
std::string Fingerprint(const Token& token);
// Whether the token's user has every right of the access mask. May block: never call it on a JavaScript
// thread.
bool CheckAccess(const Token& token, const AccessTarget& target, std::uint32_t access);

// None if no account has that identifier. May block: never call it on a JavaScript thread.
std::optional<Account> LookupAccount(const Principal& principal);

}  // namespace impersonate::port
