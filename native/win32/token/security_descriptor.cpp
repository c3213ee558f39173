#include "win32/token/security_descriptor.h"

#include <sddl.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "win32/handle.h"
#include "win32/last_error.h"
#include "win32/text.h"
#include "win32/thread/current_thread.h"

namespace impersonate::win32 {
namespace {

constexpr SECURITY_INFORMATION kParts = OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION |
                                        DACL_SECURITY_INFORMATION | LABEL_SECURITY_INFORMATION;

Error NoDescriptor() { return InvalidArgument("The bytes are not a self-relative security descriptor"); }

// Checks bytes from a caller, whose offsets may be wrong.
class Bounds {
 public:
  explicit Bounds(const std::vector<unsigned char>& bytes) : bytes_(bytes) {}

  template <typename T>
  T Read(std::size_t offset) const {
    Require(offset, sizeof(T));
    T value{};
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }

  void RequireSid(DWORD offset) const {
    if (offset == 0) return;
    constexpr std::size_t kFixed = offsetof(SID, SubAuthority);
    Require(offset, kFixed);
    const std::size_t count = bytes_[offset + offsetof(SID, SubAuthorityCount)];
    Require(offset, kFixed + count * sizeof(DWORD));
  }

  void RequireAcl(DWORD offset) const {
    if (offset != 0) Require(offset, Read<ACL>(offset).AclSize);
  }

 private:
  void Require(std::size_t offset, std::size_t size) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset) throw NoDescriptor();
  }

  const std::vector<unsigned char>& bytes_;
};

UniqueHandle OpenToReadSecurity(const std::wstring& path) {
  constexpr DWORD kShareAll = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
  // FILE_FLAG_BACKUP_SEMANTICS allows a folder to be opened. SECURITY_ANONYMOUS: the server of a pipe at that
  // path cannot impersonate us.
  const HANDLE file =
      CreateFileW(path.c_str(), READ_CONTROL, kShareAll, nullptr, OPEN_EXISTING,
                  FILE_FLAG_BACKUP_SEMANTICS | SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS, nullptr);
  if (file == INVALID_HANDLE_VALUE) ThrowLastError("CreateFileW");
  return UniqueHandle(file);
}

const char* HintFor(DWORD error) {
  if (error == ERROR_INVALID_SECURITY_DESCR) return "it needs an owner and a group";
  if (error == ERROR_BAD_IMPERSONATION_LEVEL) return "the token has to be of level identification at least";
  return "";
}

}  // namespace

SecurityDescriptor SecurityDescriptor::Of(const AccessTarget& target) {
  // As the process, so that a file whose descriptor the user may not read can also be checked.
  const AsProcess as_process;
  switch (target.kind) {
    case AccessTarget::Kind::kPath:
      return OfFile(target.text);
    case AccessTarget::Kind::kSddl:
      return Parse(target.text);
    case AccessTarget::Kind::kDescriptor:
      break;
  }
  return Checked(target.descriptor);
}

SecurityDescriptor SecurityDescriptor::OfFile(const std::string& path) {
  const UniqueHandle file = OpenToReadSecurity(ToWide(path));
  std::vector<unsigned char> bytes(1024);
  for (;;) {
    DWORD length = 0;
    if (GetKernelObjectSecurity(file.get(), kParts, bytes.data(), static_cast<DWORD>(bytes.size()), &length))
      return SecurityDescriptor(std::move(bytes));
    const DWORD error = GetLastError();
    // The descriptor can grow between two queries.
    if (error != ERROR_INSUFFICIENT_BUFFER || length <= bytes.size())
      throw Win32Error(error, "GetKernelObjectSecurity");
    bytes.resize(length);
  }
}

SecurityDescriptor SecurityDescriptor::Parse(const std::string& sddl) {
  const std::wstring wide = ToWide(sddl);
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  ULONG size = 0;
  if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(wide.c_str(), SDDL_REVISION_1, &descriptor,
                                                            &size)) {
    const DWORD error = GetLastError();
    constexpr const char* kCall = "ConvertStringSecurityDescriptorToSecurityDescriptorW";
    if (error == ERROR_NOT_ENOUGH_MEMORY) throw Win32Error(error, kCall);
    throw InvalidArgument("The text is not a security descriptor: " + std::string(kCall) + " failed with " +
                          ErrorCode(error));
  }
  const UniqueLocal<void> owned(descriptor);
  const auto* const first = static_cast<const unsigned char*>(descriptor);
  return SecurityDescriptor({first, first + size});
}

SecurityDescriptor SecurityDescriptor::Checked(std::vector<unsigned char> bytes) {
  // The system's check has no parameter for the length.
  const Bounds bounds(bytes);
  const auto head = bounds.Read<SECURITY_DESCRIPTOR_RELATIVE>(0);
  if (!(head.Control & SE_SELF_RELATIVE)) throw NoDescriptor();
  bounds.RequireSid(head.Owner);
  bounds.RequireSid(head.Group);
  bounds.RequireAcl(head.Dacl);
  bounds.RequireAcl(head.Sacl);
  if (!IsValidSecurityDescriptor(bytes.data())) throw NoDescriptor();
  return SecurityDescriptor(std::move(bytes));
}

bool SecurityDescriptor::Grants(HANDLE token, DWORD access) const {
  GENERIC_MAPPING files{FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS};
  DWORD wanted = access;
  MapGenericMask(&wanted, &files);
  // The call returns the privileges that the check has used, always fewer than this.
  std::vector<unsigned char> used(offsetof(PRIVILEGE_SET, Privilege) + 64 * sizeof(LUID_AND_ATTRIBUTES));
  auto used_length = static_cast<DWORD>(used.size());
  DWORD granted = 0;
  BOOL allowed = FALSE;
  if (!AccessCheck(get(), token, wanted, &files, reinterpret_cast<PRIVILEGE_SET*>(used.data()), &used_length,
                   &granted, &allowed)) {
    const DWORD error = GetLastError();
    throw Win32Error(error, "AccessCheck", HintFor(error));
  }
  return allowed != FALSE && (granted & wanted) == wanted;
}

}  // namespace impersonate::win32
