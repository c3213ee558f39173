#pragma once

#include <cstddef>
#include <string>

namespace seam {

// Makes logons of that account wait, as if a domain controller did not respond.
void HoldLogons(const std::wstring& account);
// Lets all waiting logons continue, and all later ones.
void ReleaseLogons();
// The number of waiting logons.
size_t CountHeldLogons();

// Waits while logons of the account are held.
void PassLogonGate(const std::wstring& account);

}  // namespace seam
