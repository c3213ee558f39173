#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/derive.h"
#include "win32/last_error.h"
#include "win32/thread/current_thread.h"
#include "win32/token/security_descriptor.h"
#include "win32/token/win32_token.h"

namespace impersonate::port {
namespace {

using win32::SecurityDescriptor;

// As the process: a file whose descriptor the user may not read can be asked for too.
SecurityDescriptor DescriptorOf(const AccessTarget& target) {
  const win32::AsProcess as_process;
  switch (target.kind) {
    case AccessTarget::Kind::kPath:
      return SecurityDescriptor::OfFile(target.text);
    case AccessTarget::Kind::kSddl:
      return SecurityDescriptor::Parse(target.text);
    case AccessTarget::Kind::kDescriptor:
      break;
  }
  return SecurityDescriptor::Checked(target.descriptor);
}

const char* HintFor(DWORD error) {
  if (error == ERROR_INVALID_SECURITY_DESCR) return "it needs an owner and a group";
  if (error == ERROR_BAD_IMPERSONATION_LEVEL) return "the token has to be of level identification at least";
  return "";
}

}  // namespace

bool CheckAccess(const Token& token, const AccessTarget& target, std::uint32_t access) {
  const SecurityDescriptor descriptor = DescriptorOf(target);
  GENERIC_MAPPING files{FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS};
  DWORD wanted = access;
  MapGenericMask(&wanted, &files);
  // Which privileges the answer has made use of; there are never as many.
  std::vector<unsigned char> used(offsetof(PRIVILEGE_SET, Privilege) + 64 * sizeof(LUID_AND_ATTRIBUTES));
  auto used_length = static_cast<DWORD>(used.size());
  DWORD granted = 0;
  BOOL allowed = FALSE;
  if (!AccessCheck(descriptor.get(), win32::Win32Token::From(token).handle(), wanted, &files,
                   reinterpret_cast<PRIVILEGE_SET*>(used.data()), &used_length, &granted, &allowed)) {
    const DWORD error = GetLastError();
    throw win32::Win32Error(error, "AccessCheck", HintFor(error));
  }
  return allowed != FALSE && (granted & wanted) == wanted;
}

}  // namespace impersonate::port
