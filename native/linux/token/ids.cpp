#include "linux/token/ids.h"

#include <charconv>
#include <cstdint>

#include "core/error.h"
#include "linux/credentials/system_calls.h"

namespace impersonate::linux_port {
namespace {

std::uint32_t Parse(const std::string& text, const char* argument) {
  std::uint32_t id = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, id);
  if (error != std::errc() || stop != end || id == raw::kSameUid) {
    throw Error("ERR_INVALID_ARG_VALUE",
                std::string(argument) + ": '" + text + "' is not a user or group id");
  }
  return id;
}

}  // namespace

uid_t ParseUid(const std::string& text, const char* argument) { return Parse(text, argument); }
gid_t ParseGid(const std::string& text, const char* argument) { return Parse(text, argument); }

}  // namespace impersonate::linux_port
