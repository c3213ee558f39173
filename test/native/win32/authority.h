#pragma once

#include <windows.h>

#include <string>
#include <string_view>
#include <vector>

#include "redirects.h"

namespace seam {

// Replaces the security authority, which Wine does not implement: accounts and passwords come from the table
// of users.h. The returned tokens are real kernel tokens. Each call is recorded in AuthorityCalls().
std::vector<Substitute> AuthoritySubstitutes();

std::vector<Substitute> LogonSubstitutes();
std::vector<Substitute> LsaSubstitutes();
std::vector<Substitute> SspiSubstitutes();
std::vector<Substitute> InitiateSubstitutes();
std::vector<Substitute> PeerSubstitutes();
std::vector<Substitute> AccountSubstitutes();
std::vector<Substitute> SpawnSubstitutes();
std::vector<Substitute> RestrictSubstitutes();

// The number of objects that callers have got from the authority and not released.
struct Outstanding {
  size_t lsa_connections;
  size_t lsa_buffers;
  size_t credentials;
  size_t contexts;
  size_t context_buffers;
};

Outstanding CountOutstanding();
void CountLsa(Outstanding& outstanding);
void CountSspi(Outstanding& outstanding);

// The logon type that LsaGetLogonSessionData reports for every session; 0 for access denied.
void SetLogonType(ULONG type);

// ERROR_SUCCESS if the password is correct and the account may log on; otherwise the Win32 error.
DWORD CheckPassword(const struct User& user, std::wstring_view password);

// Records the call with the calling thread's identity.
void RecordAuthorityCall(const char* function, const std::wstring& account, DWORD error);

}  // namespace seam
