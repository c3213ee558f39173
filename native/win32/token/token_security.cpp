#include "win32/token/token_security.h"

#include <cstddef>

#include "win32/last_error.h"
#include "win32/process_identity.h"

namespace impersonate::win32 {
namespace {

constexpr DWORD kAccess = TOKEN_READ | TOKEN_IMPERSONATE | TOKEN_DUPLICATE;

// The start of an entry's SID is inside the entry's own fixed part.
std::size_t AceSize(PSID sid) { return sizeof(ACCESS_ALLOWED_ACE) - sizeof(DWORD) + GetLengthSid(sid); }

}  // namespace

TokenSecurity::TokenSecurity() {
  const PSID process = ProcessIdentity::Get().user().get();
  dacl_.resize(sizeof(ACL) + AceSize(process));
  if (!InitializeAcl(dacl(), static_cast<DWORD>(dacl_.size()), ACL_REVISION)) ThrowLastError("InitializeAcl");
  if (!AddAccessAllowedAce(dacl(), ACL_REVISION, kAccess, process)) ThrowLastError("AddAccessAllowedAce");
  if (!InitializeSecurityDescriptor(&descriptor_, SECURITY_DESCRIPTOR_REVISION)) {
    ThrowLastError("InitializeSecurityDescriptor");
  }
  // Whoever owns an object may change its DACL.
  if (!SetSecurityDescriptorOwner(&descriptor_, process, FALSE)) ThrowLastError("SetSecurityDescriptorOwner");
  if (!SetSecurityDescriptorDacl(&descriptor_, TRUE, dacl(), FALSE))
    ThrowLastError("SetSecurityDescriptorDacl");
  attributes_ = {sizeof attributes_, &descriptor_, FALSE};
}

}  // namespace impersonate::win32
