#pragma once

#include <windows.h>

namespace seam {

// Changes of the identity by other code in the process, which the product does not see.

// Puts the token on the calling thread; null removes the thread's token.
void SetForeignToken(HANDLE token);
// Makes it the process's primary token, permanently.
void SetProcessToken(HANDLE primary);

}  // namespace seam
