#include "foreign.h"

#include <winternl.h>

#include "call_failed.h"
#include "nt_function.h"

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
  const auto set_information = FindNt<SetInformationProcess>("NtSetInformationProcess");
  ProcessAccessTokenInformation information{primary, nullptr};
  CheckStatus("NtSetInformationProcess",
              set_information(GetCurrentProcess(), kProcessAccessToken, &information, sizeof information));
}

}  // namespace seam
