#include "win32/token/privilege_removal.h"

#include <windows.h>
// After windows.h.
#include <tlhelp32.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "core/error.h"
#include "core/token_table.h"
#include "win32/handle.h"
#include "win32/last_error.h"
#include "win32/token/privilege.h"
#include "win32/token/token_information.h"

namespace impersonate::win32 {
namespace {

bool Contains(const std::vector<LUID>& list, const LUID& privilege) noexcept {
  return std::any_of(list.begin(), list.end(), [&](const LUID& other) {
    return other.LowPart == privilege.LowPart && other.HighPart == privilege.HighPart;
  });
}

UniqueHandle OpenAdjustable() {
  HANDLE token = nullptr;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY | TOKEN_ADJUST_PRIVILEGES, &token)) {
    ThrowLastError("OpenProcessToken");
  }
  return UniqueHandle(token);
}

// The change that removes every privilege of the token that is not in the list: TOKEN_PRIVILEGES, or nothing.
std::vector<unsigned char> RemovalOf(HANDLE token, const std::vector<LUID>& keep) {
  std::vector<unsigned char> bytes = QueryToken(token, TokenPrivileges);
  auto* const list = reinterpret_cast<TOKEN_PRIVILEGES*>(bytes.data());
  DWORD count = 0;
  for (DWORD i = 0; i < list->PrivilegeCount; ++i) {
    const LUID privilege = list->Privileges[i].Luid;
    if (!Contains(keep, privilege)) list->Privileges[count++] = {privilege, SE_PRIVILEGE_REMOVED};
  }
  list->PrivilegeCount = count;
  if (count == 0) bytes.clear();
  return bytes;
}

// Whether the thread has a token of its own; false for a thread that has ended.
bool HasToken(DWORD id) {
  const UniqueHandle thread(OpenThread(THREAD_QUERY_INFORMATION, FALSE, id));
  if (!thread) {
    if (GetLastError() == ERROR_INVALID_PARAMETER) return false;
    ThrowLastError("OpenThread");
  }
  HANDLE token = nullptr;
  if (OpenThreadToken(thread.get(), TOKEN_QUERY, TRUE, &token)) return CloseHandle(token), true;
  // A thread that this process may not ask has a token, too.
  return GetLastError() != ERROR_NO_TOKEN;
}

bool HasThreadToken() {
  const HANDLE opened = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
  if (opened == INVALID_HANDLE_VALUE) ThrowLastError("CreateToolhelp32Snapshot");
  const UniqueHandle snapshot(opened);
  THREADENTRY32 entry{};
  entry.dwSize = sizeof entry;
  BOOL found = Thread32First(snapshot.get(), &entry);
  for (; found; found = Thread32Next(snapshot.get(), &entry)) {
    if (entry.th32OwnerProcessID == GetCurrentProcessId() && HasToken(entry.th32ThreadID)) return true;
  }
  if (GetLastError() != ERROR_NO_MORE_FILES) ThrowLastError("Thread32Next");
  return false;
}

void RequireNoTokens() {
  if (TokenTable::Get().count() == 0 && !HasThreadToken()) return;
  throw Error("ERR_SCOPE_ACTIVE",
              "The process's privileges cannot be dropped while a token is open or a thread acts as a user: "
              "copies of the process's token keep them. Call dropPrivileges() first");
}

void Verify(HANDLE token, const std::vector<LUID>& keep) {
  RequireNoTokens();
  if (RemovalOf(token, keep).empty()) return;
  throw Error("ERR_IMPERSONATION_DOWNGRADED", "the token still has others");
}

}  // namespace

void RemovePrivilegesBut(const std::vector<std::string>& keep) {
  std::vector<LUID> kept;
  for (const std::string& name : keep) kept.push_back(PrivilegeByName(name));
  RequireNoTokens();
  const UniqueHandle token = OpenAdjustable();
  std::vector<unsigned char> removal = RemovalOf(token.get(), kept);
  // One call for all: if it fails, nothing has been removed.
  if (!removal.empty() &&
      !AdjustTokenPrivileges(token.get(), FALSE, reinterpret_cast<TOKEN_PRIVILEGES*>(removal.data()), 0,
                             nullptr, nullptr)) {
    ThrowLastError("AdjustTokenPrivileges");
  }
  try {
    Verify(token.get(), kept);
  } catch (const Error& error) {
    Abort(std::string("it cannot be shown that the process's privileges are gone: ") + error.what());
  }
}

}  // namespace impersonate::win32
