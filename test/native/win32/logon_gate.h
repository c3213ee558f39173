#pragma once

#include <cstddef>
#include <string>

namespace seam {

// Logons of that account wait from now on, as for another machine that does not answer.
void HoldLogons(const std::wstring& account);
// Lets all of them go on, and holds nobody any more.
void ReleaseLogons();
// How many are waiting.
size_t CountHeldLogons();

// Waits where the account is held.
void PassLogonGate(const std::wstring& account);

}  // namespace seam
