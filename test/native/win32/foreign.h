#pragma once

#include <windows.h>

namespace seam {

// What other code in the process does behind the product's back.

// Puts the token on the calling thread; null takes whatever is there off.
void SetForeignToken(HANDLE token);
// Makes it the process's own token, for good: the identity every thread without a token of its own has.
void SetProcessToken(HANDLE primary);

}  // namespace seam
