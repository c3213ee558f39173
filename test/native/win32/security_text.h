#pragma once

#include <windows.h>

#include <string>

#include "handle.h"

namespace seam {

using Sid = LocalMemory<void>;
using Descriptor = LocalMemory<void>;

Sid ParseSid(const std::wstring& text);
std::wstring SidText(PSID sid);

// A descriptor with only a DACL gets SYSTEM as owner and group: AccessCheck requires both.
Descriptor ParseSddl(const std::wstring& sddl);

}  // namespace seam
