#pragma once

#include <windows.h>

#include <string>
#include <utility>
#include <vector>

#include "win32/handle.h"

namespace impersonate::win32 {

// The access rights of a pipe that this process serves. Its owner is the process's user: clients identify the
// server by it.
class PipeSecurity {
 public:
  // Grants everything to the process's user, SYSTEM and the administrators; grants `allow` (SIDs) to connect,
  // read and write, but not to serve the same pipe. Throws ERR_INVALID_ARG_VALUE for a text that is not a
  // SID.
  static PipeSecurity Allowing(const std::vector<std::string>& allow);
  // Throws ERR_INVALID_ARG_VALUE for a text that is not SDDL, or has no DACL and so grants everything to
  // everyone.
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
