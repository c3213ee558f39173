#pragma once

#include <windows.h>

#include <string>

#include "handle.h"

namespace seam {

constexpr int kNoLevel = -1;

// The token the kernel judges the calling thread by.
struct EffectiveToken {
  // Null for a token of Anonymous level, which nobody can open.
  Handle handle;
  // False: the process's own.
  bool of_thread;
  // A SECURITY_IMPERSONATION_LEVEL, or kNoLevel for a primary token: the process's own, or one on the thread,
  // which Wine allows and Windows refuses.
  int level;
};

struct Identity {
  // Empty where the kernel will not say: Anonymous level.
  std::wstring sid;
  bool of_thread;
  int level;
};

EffectiveToken OpenEffectiveToken(DWORD access);
Identity ReadIdentity();
// The user of that token, of any level, in one call to the kernel: ReadIdentity() takes several.
std::wstring ReadEffectiveUser();
Identity DescribeToken(const EffectiveToken& token);

}  // namespace seam
