#pragma once

#include <windows.h>

#include <string>
#include <utility>
#include <vector>

#include "win32/handle.h"

namespace impersonate::win32 {

// The access rights of a pipe of ours. Its owner is the process's user, by which clients identify the server.
class PipeSecurity {
 public:
  // Everything for the process's user, SYSTEM and the administrators; for `allow` (SIDs) to connect, read and
  // write, but not to serve the same pipe. Throws ERR_INVALID_ARG_VALUE for what is no SID.
  static PipeSecurity Allowing(const std::vector<std::string>& allow);
  // Throws ERR_INVALID_ARG_VALUE for what is not SDDL, or has no DACL and so grants everything to everyone.
  static PipeSecurity Parse(const std::string& sddl);

  // For the creation of the pipe; valid while this object lives.
  SECURITY_ATTRIBUTES attributes() const noexcept {
    return {sizeof(SECURITY_ATTRIBUTES), descriptor_.get(), FALSE};
  }

 private:
  explicit PipeSecurity(UniqueLocal<void> descriptor) noexcept : descriptor_(std::move(descriptor)) {}

  UniqueLocal<void> descriptor_;
};

}  // namespace impersonate::win32
