#pragma once

#include <windows.h>

#include <string>

#include "handle.h"

namespace seam {

using Sid = LocalMemory<void>;
using Descriptor = LocalMemory<void>;

Sid ParseSid(const std::wstring& text);
std::wstring SidText(PSID sid);

// A descriptor of a discretionary list alone is given SYSTEM for owner and group: AccessCheck asks for both.
Descriptor ParseSddl(const std::wstring& sddl);

}  // namespace seam
