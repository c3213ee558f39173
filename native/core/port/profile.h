#pragma once

#include <memory>
#include <string>

#include "core/token.h"

// The surroundings of a user: where the user's things are. Every function throws `Error`.
namespace impersonate::port {

// A user's loaded profile (Windows): registry and keys of the user can be used until it is destroyed, on any
// thread.
class Profile {
 public:
  virtual ~Profile() = default;
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

 protected:
  Profile() = default;
};

// Loads the profile of the token's user. May block: never call it on a JavaScript thread.
std::unique_ptr<Profile> LoadProfile(const TokenRef& token);

// The absolute path of a known folder of the token's user, such as Documents, whether or not it exists.
// Throws ERR_INVALID_ARG_VALUE for an unknown name, and ENOENT if the user has no such folder.
std::string KnownFolder(const Token& token, const std::string& name);

}  // namespace impersonate::port
