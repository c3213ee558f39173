#include "win32/sspi/sspi_error.h"

#include <cstdint>
#include <string>

#include "win32/last_error.h"

namespace impersonate::win32 {
namespace {

struct SspiErrorName {
  SECURITY_STATUS status;
  const char* code;
};

// The names of the statuses that the server's calls can return.
constexpr SspiErrorName kSspiErrors[] = {
    {SEC_E_INSUFFICIENT_MEMORY, "SEC_E_INSUFFICIENT_MEMORY"},
    {SEC_E_INVALID_HANDLE, "SEC_E_INVALID_HANDLE"},
    {SEC_E_UNSUPPORTED_FUNCTION, "SEC_E_UNSUPPORTED_FUNCTION"},
    {SEC_E_TARGET_UNKNOWN, "SEC_E_TARGET_UNKNOWN"},
    {SEC_E_INTERNAL_ERROR, "SEC_E_INTERNAL_ERROR"},
    {SEC_E_SECPKG_NOT_FOUND, "SEC_E_SECPKG_NOT_FOUND"},
    {SEC_E_NOT_OWNER, "SEC_E_NOT_OWNER"},
    {SEC_E_INVALID_TOKEN, "SEC_E_INVALID_TOKEN"},
    {SEC_E_NOT_SUPPORTED, "SEC_E_NOT_SUPPORTED"},
    {SEC_E_NO_IMPERSONATION, "SEC_E_NO_IMPERSONATION"},
    {SEC_E_LOGON_DENIED, "SEC_E_LOGON_DENIED"},
    {SEC_E_UNKNOWN_CREDENTIALS, "SEC_E_UNKNOWN_CREDENTIALS"},
    {SEC_E_NO_CREDENTIALS, "SEC_E_NO_CREDENTIALS"},
    {SEC_E_MESSAGE_ALTERED, "SEC_E_MESSAGE_ALTERED"},
    {SEC_E_OUT_OF_SEQUENCE, "SEC_E_OUT_OF_SEQUENCE"},
    {SEC_E_NO_AUTHENTICATING_AUTHORITY, "SEC_E_NO_AUTHENTICATING_AUTHORITY"},
    {SEC_E_CONTEXT_EXPIRED, "SEC_E_CONTEXT_EXPIRED"},
    {SEC_E_INCOMPLETE_MESSAGE, "SEC_E_INCOMPLETE_MESSAGE"},
    {SEC_E_INCOMPLETE_CREDENTIALS, "SEC_E_INCOMPLETE_CREDENTIALS"},
    {SEC_E_BUFFER_TOO_SMALL, "SEC_E_BUFFER_TOO_SMALL"},
    {SEC_E_WRONG_PRINCIPAL, "SEC_E_WRONG_PRINCIPAL"},
    {SEC_E_TIME_SKEW, "SEC_E_TIME_SKEW"},
    {SEC_E_ENCRYPT_FAILURE, "SEC_E_ENCRYPT_FAILURE"},
    {SEC_E_DECRYPT_FAILURE, "SEC_E_DECRYPT_FAILURE"},
    {SEC_E_UNFINISHED_CONTEXT_DELETED, "SEC_E_UNFINISHED_CONTEXT_DELETED"},
    {SEC_E_NO_TGT_REPLY, "SEC_E_NO_TGT_REPLY"},
    {SEC_E_NO_KERB_KEY, "SEC_E_NO_KERB_KEY"},
    {SEC_E_SECURITY_QOS_FAILED, "SEC_E_SECURITY_QOS_FAILED"},
    {SEC_E_CROSSREALM_DELEGATION_FAILURE, "SEC_E_CROSSREALM_DELEGATION_FAILURE"},
    {SEC_E_STRONG_CRYPTO_NOT_SUPPORTED, "SEC_E_STRONG_CRYPTO_NOT_SUPPORTED"},
    {SEC_E_UNSUPPORTED_PREAUTH, "SEC_E_UNSUPPORTED_PREAUTH"},
    {SEC_E_DELEGATION_REQUIRED, "SEC_E_DELEGATION_REQUIRED"},
    {SEC_E_BAD_BINDINGS, "SEC_E_BAD_BINDINGS"},
    {SEC_E_MULTIPLE_ACCOUNTS, "SEC_E_MULTIPLE_ACCOUNTS"},
    {SEC_E_KDC_CERT_EXPIRED, "SEC_E_KDC_CERT_EXPIRED"},
    {SEC_E_DOWNGRADE_DETECTED, "SEC_E_DOWNGRADE_DETECTED"},
};

std::string NameOf(SECURITY_STATUS status) {
  for (const SspiErrorName& name : kSspiErrors) {
    if (name.status == status) return name.code;
  }
  return "SEC_E_" + Hexadecimal(static_cast<std::uint32_t>(status));
}

}  // namespace

Error SspiError(SECURITY_STATUS status, const char* syscall) {
  const std::string code = NameOf(status);
  const std::string message = std::string(syscall) + " failed: " + code + " (" +
                              Hexadecimal(static_cast<std::uint32_t>(status)) + ")";
  return Error(code, static_cast<int>(status), syscall, message);
}

}  // namespace impersonate::win32
