#pragma once

#include <windows.h>

#include <string>

#include "handle.h"

namespace seam {

constexpr int kNoLevel = -1;

// The token that the kernel uses for access checks of the calling thread.
struct EffectiveToken {
  // Null for a token of level Anonymous, which cannot be opened.
  Handle handle;
  // False for the process's token.
  bool of_thread;
  // A SECURITY_IMPERSONATION_LEVEL, or kNoLevel for a primary token: the process's, or one on the thread,
  // which Wine allows and Windows does not.
  int level;
};

struct Identity {
  // Empty at level Anonymous, which hides the user.
  std::wstring sid;
  bool of_thread;
  int level;
};

EffectiveToken OpenEffectiveToken(DWORD access);
Identity ReadIdentity();
// The user of that token, of any level, by one system call: ReadIdentity() makes several.
std::wstring ReadEffectiveUser();
Identity DescribeToken(const EffectiveToken& token);

}  // namespace seam
