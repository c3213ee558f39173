#pragma once

#include <windows.h>

#include <string>
#include <vector>

namespace impersonate::win32 {

// Owns a security identifier.
class Sid {
 public:
  // Copies a valid SID.
  explicit Sid(PSID sid);
  // From the string form S-1-...; throws ERR_INVALID_ARG_VALUE naming the text if it is none.
  static Sid Parse(const std::string& text);

  // Must not be written to: the system's parameters are not const, but are only read.
  PSID get() const noexcept { return const_cast<unsigned char*>(bytes_.data()); }
  DWORD size() const noexcept { return static_cast<DWORD>(bytes_.size()); }

  friend bool operator==(const Sid& a, const Sid& b) { return a.bytes_ == b.bytes_; }
  friend bool operator!=(const Sid& a, const Sid& b) { return !(a == b); }

 private:
  std::vector<unsigned char> bytes_;
};

// The string form S-1-...
std::string SidToString(PSID sid);

// Whether it is the Guest account of a computer or domain, as which Windows may log unknown users on.
bool IsGuest(PSID sid);

}  // namespace impersonate::win32
