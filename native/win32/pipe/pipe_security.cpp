#include "win32/pipe/pipe_security.h"

#include <sddl.h>

#include <utility>

#include "win32/last_error.h"
#include "win32/process_identity.h"
#include "win32/sid.h"
#include "win32/text.h"

namespace impersonate::win32 {
namespace {

// FILE_GENERIC_READ, FILE_WRITE_DATA and FILE_WRITE_ATTRIBUTES. Not FILE_APPEND_DATA: on a pipe it is the
// right to serve it, FILE_CREATE_PIPE_INSTANCE, with which a client could take other clients' connections.
constexpr char kConnect[] = "0x12018b";

std::string OwnUser() { return SidToString(ProcessIdentity::Get().user().get()); }

UniqueLocal<void> Convert(const std::string& sddl) {
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(ToWide(sddl).c_str(), SDDL_REVISION_1,
                                                            &descriptor, nullptr)) {
    const DWORD error = GetLastError();
    if (error == ERROR_NOT_ENOUGH_MEMORY) {
      throw Win32Error(error, "ConvertStringSecurityDescriptorToSecurityDescriptorW");
    }
    throw InvalidArgument("The security descriptor is not valid SDDL: " + ErrorCode(error));
  }
  return UniqueLocal<void>(descriptor);
}

bool HasDacl(PSECURITY_DESCRIPTOR descriptor) {
  BOOL present = FALSE, defaulted = FALSE;
  ACL* dacl = nullptr;
  if (!GetSecurityDescriptorDacl(descriptor, &present, &dacl, &defaulted)) {
    ThrowLastError("GetSecurityDescriptorDacl");
  }
  return present && dacl != nullptr;
}

bool HasOwner(PSECURITY_DESCRIPTOR descriptor) {
  BOOL defaulted = FALSE;
  PSID owner = nullptr;
  if (!GetSecurityDescriptorOwner(descriptor, &owner, &defaulted)) {
    ThrowLastError("GetSecurityDescriptorOwner");
  }
  return owner != nullptr;
}

}  // namespace

PipeSecurity PipeSecurity::Allowing(const std::vector<std::string>& allow) {
  const std::string user = OwnUser();
  std::string sddl = "O:" + user + "D:P(A;;FA;;;" + user + ")(A;;FA;;;SY)(A;;FA;;;BA)";
  for (const std::string& sid : allow) {
    sddl += "(A;;" + std::string(kConnect) + ";;;" + SidToString(Sid::Parse(sid).get()) + ")";
  }
  return PipeSecurity(Convert(sddl));
}

PipeSecurity PipeSecurity::Parse(const std::string& sddl) {
  UniqueLocal<void> descriptor = Convert(sddl);
  if (!HasDacl(descriptor.get())) {
    throw InvalidArgument(
        "The security descriptor must have a DACL: without one it grants everything to everyone");
  }
  if (!HasOwner(descriptor.get())) descriptor = Convert("O:" + OwnUser() + sddl);
  return PipeSecurity(std::move(descriptor));
}

}  // namespace impersonate::win32
