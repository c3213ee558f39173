#pragma once

#include <vector>

#include "redirects.h"

namespace seam {

// Replaces the functions by which node.exe and the product create kernel objects. An object that is created
// without a security descriptor gets the owner and the default DACL of the token in effect on the calling
// thread. Wine gives it none. Windows gives threads those of the process, and other objects none unless they
// can be opened.
std::vector<Substitute> DefaultSecuritySubstitutes();

}  // namespace seam
