#pragma once

#include <windows.h>

#include <string>
#include <utility>
#include <vector>

#include "core/description.h"

namespace impersonate::win32 {

// A security descriptor in self-relative form, with the parts of an access check: owner, group, discretionary
// list and mandatory label.
class SecurityDescriptor {
 public:
  // The descriptor of the target, read as the process.
  static SecurityDescriptor Of(const AccessTarget& target);
  // The descriptor of a file or folder, with links followed. Opens it as the calling thread, with
  // READ_CONTROL.
  static SecurityDescriptor OfFile(const std::string& path);
  // Throws ERR_INVALID_ARG_VALUE for a text that is not a descriptor.
  static SecurityDescriptor Parse(const std::string& sddl);
  // Throws ERR_INVALID_ARG_VALUE unless all of it lies within the bytes and is valid.
  static SecurityDescriptor Checked(std::vector<unsigned char> bytes);

  // Whether it grants every right of the access mask to the user of an impersonation token (AccessCheck).
  bool Grants(HANDLE token, DWORD access) const;

  // Must not be written to: the system's parameters are not const, but are only read.
  PSECURITY_DESCRIPTOR get() const noexcept { return const_cast<unsigned char*>(bytes_.data()); }

 private:
  explicit SecurityDescriptor(std::vector<unsigned char> bytes) : bytes_(std::move(bytes)) {}

  std::vector<unsigned char> bytes_;
};

}  // namespace impersonate::win32
