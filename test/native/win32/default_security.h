#pragma once

#include <vector>

#include "redirects.h"

namespace seam {

// What node.exe and the product import to make kernel objects. An object that is made without a security
// descriptor gets the owner and the default DACL of the token that the calling thread acts as. Wine leaves it
// without any; Windows gives threads those of the process instead, and others none unless they can be opened.
std::vector<Substitute> DefaultSecuritySubstitutes();

}  // namespace seam
