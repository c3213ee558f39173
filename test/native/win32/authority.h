#pragma once

#include <windows.h>

#include <string>
#include <string_view>
#include <vector>

#include "redirects.h"

namespace seam {

// Who a user is and whether a password is right, which Wine answers with nonsense, decided by the users
// table. The tokens handed out are the kernel's own. Each call is noted in AuthorityJournal().
std::vector<Substitute> AuthoritySubstitutes();

std::vector<Substitute> LogonSubstitutes();
std::vector<Substitute> LsaSubstitutes();
std::vector<Substitute> SspiSubstitutes();
std::vector<Substitute> PeerSubstitutes();
std::vector<Substitute> AccountSubstitutes();
std::vector<Substitute> SpawnSubstitutes();
std::vector<Substitute> RestrictSubstitutes();

// What callers got from the authority and have not given back.
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

// A right password on an account that may log on: ERROR_SUCCESS. Answers with the Win32 error.
DWORD CheckPassword(const struct User& user, std::wstring_view password);

// Notes the call as the calling thread's.
void NoteAuthority(const char* function, const std::wstring& account, DWORD error);

}  // namespace seam
