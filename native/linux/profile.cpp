#include "core/port/profile.h"

#include <memory>
#include <string>

#include "core/error.h"

namespace impersonate::port {

std::unique_ptr<Profile> LoadProfile(const TokenRef&) {
  throw Error("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", "Only Windows has profiles that are loaded");
}

std::string KnownFolder(const Token&, const std::string&) {
  throw Error("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", "Known folders are not implemented on Linux");
}

}  // namespace impersonate::port
