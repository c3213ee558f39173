#include "foreign.h"

#include <winternl.h>

#include "call_failed.h"

namespace seam {
namespace {

constexpr ULONG kProcessAccessToken = 9;

struct ProcessAccessTokenInformation {
  HANDLE token;
  HANDLE thread;
};

using SetInformationProcess = NTSTATUS(NTAPI*)(HANDLE, ULONG, PVOID, ULONG);

}  // namespace

void SetForeignToken(HANDLE token) {
  if (!SetThreadToken(nullptr, token)) ThrowLastError("SetThreadToken");
}

void SetProcessToken(HANDLE primary) {
  const FARPROC found = GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "NtSetInformationProcess");
  const auto set_information = reinterpret_cast<SetInformationProcess>(reinterpret_cast<void*>(found));
  ProcessAccessTokenInformation information{primary, nullptr};
  const NTSTATUS status =
      set_information(GetCurrentProcess(), kProcessAccessToken, &information, sizeof information);
  if (status < 0) throw CallFailed("NtSetInformationProcess", static_cast<DWORD>(status));
}

}  // namespace seam
