#include "kernel_objects.h"

#include <sddl.h>
// After windows.h.
#include <winternl.h>

#include "call_failed.h"
#include "handle.h"
#include "handle_count.h"
#include "nt_function.h"

namespace seam {
namespace {

using QueryObject = NTSTATUS(NTAPI*)(HANDLE, ULONG, PVOID, ULONG, PULONG);

constexpr ULONG kTypeInformation = 2;
constexpr SECURITY_INFORMATION kParts =
    OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;

std::wstring TypeOf(HANDLE object) {
  static const auto query = FindNt<QueryObject>("NtQueryObject");
  alignas(UNICODE_STRING) BYTE memory[1024];
  if (query(object, kTypeInformation, memory, sizeof memory, nullptr) < 0) return std::wstring();
  const auto* const name = reinterpret_cast<const UNICODE_STRING*>(memory);
  return std::wstring(name->Buffer, name->Length / sizeof(wchar_t));
}

// Another handle of the same object, with the right to read its security descriptor; null if that is denied.
Handle WithReadControl(HANDLE object) {
  const HANDLE self = GetCurrentProcess();
  HANDLE copy = nullptr;
  if (!DuplicateHandle(self, object, self, &copy, READ_CONTROL, FALSE, 0)) return nullptr;
  return Handle(copy);
}

std::vector<BYTE> DescriptorOf(HANDLE object) {
  const Handle readable = WithReadControl(object);
  if (!readable) return {};
  DWORD length = 0;
  GetKernelObjectSecurity(readable.get(), kParts, nullptr, 0, &length);
  std::vector<BYTE> bytes(length);
  if (length == 0 || !GetKernelObjectSecurity(readable.get(), kParts, bytes.data(), length, &length)) {
    return {};
  }
  return bytes;
}

std::wstring ToText(std::vector<BYTE> descriptor) {
  LPWSTR text = nullptr;
  if (descriptor.empty() || !ConvertSecurityDescriptorToStringSecurityDescriptorW(
                                descriptor.data(), SDDL_REVISION_1, kParts, &text, nullptr)) {
    return std::wstring();
  }
  return LocalMemory<wchar_t>(text).get();
}

}  // namespace

std::vector<KernelObject> ReadKernelObjects() {
  std::vector<KernelObject> objects;
  for (const HANDLE handle : OwnHandles()) {
    const std::wstring type = TypeOf(handle);
    // The descriptor of a file is that of its path, and reading it waits for a pending operation.
    objects.push_back({handle, type, type == L"File" ? std::wstring() : ToText(DescriptorOf(handle))});
  }
  return objects;
}

DWORD GrantedAccess(HANDLE object, HANDLE token) {
  std::vector<BYTE> descriptor = DescriptorOf(object);
  if (descriptor.empty()) ThrowLastError("GetKernelObjectSecurity");
  GENERIC_MAPPING mapping{STANDARD_RIGHTS_READ, STANDARD_RIGHTS_WRITE, STANDARD_RIGHTS_EXECUTE,
                          STANDARD_RIGHTS_ALL | SPECIFIC_RIGHTS_ALL};
  PRIVILEGE_SET privileges{};
  DWORD size = sizeof privileges, granted = 0;
  BOOL allowed = FALSE;
  if (!AccessCheck(descriptor.data(), token, MAXIMUM_ALLOWED, &mapping, &privileges, &size, &granted,
                   &allowed)) {
    ThrowLastError("AccessCheck");
  }
  return allowed ? granted : 0;
}

}  // namespace seam
