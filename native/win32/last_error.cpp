#include "win32/last_error.h"

namespace impersonate::win32 {
namespace {

struct Name {
  DWORD number;
  const char* code;
};

// The names of the errors that the calls of this port can return.
constexpr Name kNames[] = {
    {ERROR_INVALID_FUNCTION, "ERROR_INVALID_FUNCTION"},
    {ERROR_FILE_NOT_FOUND, "ERROR_FILE_NOT_FOUND"},
    {ERROR_PATH_NOT_FOUND, "ERROR_PATH_NOT_FOUND"},
    {ERROR_ACCESS_DENIED, "ERROR_ACCESS_DENIED"},
    {ERROR_INVALID_HANDLE, "ERROR_INVALID_HANDLE"},
    {ERROR_NOT_ENOUGH_MEMORY, "ERROR_NOT_ENOUGH_MEMORY"},
    {ERROR_OUTOFMEMORY, "ERROR_OUTOFMEMORY"},
    {ERROR_GEN_FAILURE, "ERROR_GEN_FAILURE"},
    {ERROR_NOT_SUPPORTED, "ERROR_NOT_SUPPORTED"},
    {ERROR_INVALID_PARAMETER, "ERROR_INVALID_PARAMETER"},
    {ERROR_CALL_NOT_IMPLEMENTED, "ERROR_CALL_NOT_IMPLEMENTED"},
    {ERROR_INSUFFICIENT_BUFFER, "ERROR_INSUFFICIENT_BUFFER"},
    {ERROR_MOD_NOT_FOUND, "ERROR_MOD_NOT_FOUND"},
    {ERROR_NOACCESS, "ERROR_NOACCESS"},
    {ERROR_NO_TOKEN, "ERROR_NO_TOKEN"},
    {ERROR_NOT_ALL_ASSIGNED, "ERROR_NOT_ALL_ASSIGNED"},
    {ERROR_INVALID_OWNER, "ERROR_INVALID_OWNER"},
    {ERROR_INVALID_PRIMARY_GROUP, "ERROR_INVALID_PRIMARY_GROUP"},
    {ERROR_NO_IMPERSONATION_TOKEN, "ERROR_NO_IMPERSONATION_TOKEN"},
    {ERROR_NO_LOGON_SERVERS, "ERROR_NO_LOGON_SERVERS"},
    {ERROR_NO_SUCH_LOGON_SESSION, "ERROR_NO_SUCH_LOGON_SESSION"},
    {ERROR_NO_SUCH_PRIVILEGE, "ERROR_NO_SUCH_PRIVILEGE"},
    {ERROR_PRIVILEGE_NOT_HELD, "ERROR_PRIVILEGE_NOT_HELD"},
    {ERROR_NONE_MAPPED, "ERROR_NONE_MAPPED"},
    {ERROR_INVALID_ACL, "ERROR_INVALID_ACL"},
    {ERROR_INVALID_SID, "ERROR_INVALID_SID"},
    {ERROR_INVALID_SECURITY_DESCR, "ERROR_INVALID_SECURITY_DESCR"},
    {ERROR_ALLOTTED_SPACE_EXCEEDED, "ERROR_ALLOTTED_SPACE_EXCEEDED"},
    {ERROR_BAD_IMPERSONATION_LEVEL, "ERROR_BAD_IMPERSONATION_LEVEL"},
    {ERROR_CANT_OPEN_ANONYMOUS, "ERROR_CANT_OPEN_ANONYMOUS"},
    {ERROR_BAD_TOKEN_TYPE, "ERROR_BAD_TOKEN_TYPE"},
    {ERROR_NO_SUCH_DOMAIN, "ERROR_NO_SUCH_DOMAIN"},
    {ERROR_INTERNAL_ERROR, "ERROR_INTERNAL_ERROR"},
    {ERROR_SERVICE_DISABLED, "ERROR_SERVICE_DISABLED"},
    {ERROR_SERVICE_NOT_ACTIVE, "ERROR_SERVICE_NOT_ACTIVE"},
    {ERROR_NO_SYSTEM_RESOURCES, "ERROR_NO_SYSTEM_RESOURCES"},
    {ERROR_COMMITMENT_LIMIT, "ERROR_COMMITMENT_LIMIT"},
    {RPC_S_SERVER_UNAVAILABLE, "RPC_S_SERVER_UNAVAILABLE"},
    {ERROR_TRUSTED_DOMAIN_FAILURE, "ERROR_TRUSTED_DOMAIN_FAILURE"},
    {ERROR_TRUSTED_RELATIONSHIP_FAILURE, "ERROR_TRUSTED_RELATIONSHIP_FAILURE"},
    {ERROR_BAD_NETPATH, "ERROR_BAD_NETPATH"},
    {ERROR_BROKEN_PIPE, "ERROR_BROKEN_PIPE"},
    {ERROR_INVALID_NAME, "ERROR_INVALID_NAME"},
    {ERROR_PROC_NOT_FOUND, "ERROR_PROC_NOT_FOUND"},
    {ERROR_BAD_PATHNAME, "ERROR_BAD_PATHNAME"},
    {ERROR_ALREADY_EXISTS, "ERROR_ALREADY_EXISTS"},
    {ERROR_SEM_TIMEOUT, "ERROR_SEM_TIMEOUT"},
    {ERROR_PIPE_BUSY, "ERROR_PIPE_BUSY"},
    {ERROR_NO_DATA, "ERROR_NO_DATA"},
    {ERROR_PIPE_NOT_CONNECTED, "ERROR_PIPE_NOT_CONNECTED"},
    {ERROR_OPERATION_ABORTED, "ERROR_OPERATION_ABORTED"},
    {ERROR_CANNOT_IMPERSONATE, "ERROR_CANNOT_IMPERSONATE"},
    {ERROR_INVALID_ACCOUNT_NAME, "ERROR_INVALID_ACCOUNT_NAME"},
    {ERROR_NO_SUCH_USER, "ERROR_NO_SUCH_USER"},
    {ERROR_WRONG_PASSWORD, "ERROR_WRONG_PASSWORD"},
    {ERROR_LOGON_FAILURE, "ERROR_LOGON_FAILURE"},
    {ERROR_ACCOUNT_RESTRICTION, "ERROR_ACCOUNT_RESTRICTION"},
    {ERROR_INVALID_LOGON_HOURS, "ERROR_INVALID_LOGON_HOURS"},
    {ERROR_INVALID_WORKSTATION, "ERROR_INVALID_WORKSTATION"},
    {ERROR_PASSWORD_EXPIRED, "ERROR_PASSWORD_EXPIRED"},
    {ERROR_ACCOUNT_DISABLED, "ERROR_ACCOUNT_DISABLED"},
    {ERROR_LOGON_NOT_GRANTED, "ERROR_LOGON_NOT_GRANTED"},
    {ERROR_LOGON_TYPE_NOT_GRANTED, "ERROR_LOGON_TYPE_NOT_GRANTED"},
    {ERROR_NO_SUCH_PACKAGE, "ERROR_NO_SUCH_PACKAGE"},
    {ERROR_ACCOUNT_EXPIRED, "ERROR_ACCOUNT_EXPIRED"},
    {ERROR_PASSWORD_MUST_CHANGE, "ERROR_PASSWORD_MUST_CHANGE"},
    {ERROR_ACCOUNT_LOCKED_OUT, "ERROR_ACCOUNT_LOCKED_OUT"},
    {ERROR_MUTUAL_AUTH_FAILED, "ERROR_MUTUAL_AUTH_FAILED"},
    {ERROR_TIME_SKEW, "ERROR_TIME_SKEW"},
    {ERROR_NO_TRUST_LSA_SECRET, "ERROR_NO_TRUST_LSA_SECRET"},
    {ERROR_NO_TRUST_SAM_ACCOUNT, "ERROR_NO_TRUST_SAM_ACCOUNT"},
    {ERROR_NETLOGON_NOT_STARTED, "ERROR_NETLOGON_NOT_STARTED"},
    {ERROR_DS_GENERIC_ERROR, "ERROR_DS_GENERIC_ERROR"},
    {ERROR_NOT_ENOUGH_QUOTA, "ERROR_NOT_ENOUGH_QUOTA"},
};

// The hint for a call that fails with ERROR_PRIVILEGE_NOT_HELD: the privilege that it needs.
std::string MissingPrivilege(const std::string& syscall) {
  const bool logs_on = syscall.rfind("Lsa", 0) == 0 || syscall.rfind("LogonUser", 0) == 0;
  const bool impersonates = syscall == "SetThreadToken" || syscall.rfind("Impersonate", 0) == 0;
  const char* const name = logs_on ? "SeTcbPrivilege" : impersonates ? "SeImpersonatePrivilege" : nullptr;
  return "the process lacks " + std::string(name ? name : "a privilege that the call needs") +
         " (docs/rights.md)";
}

std::string Message(const char* syscall, const std::string& code, const std::string& number,
                    const std::string& hint) {
  const std::string message = std::string(syscall) + " failed: " + code + " (" + number + ")";
  return hint.empty() ? message : message + ": " + hint;
}

}  // namespace

std::string ErrorCode(DWORD number) {
  for (const Name& name : kNames) {
    if (name.number == number) return name.code;
  }
  return "ERROR_" + std::to_string(number);
}

Error Win32Error(DWORD number, const char* syscall, const std::string& hint) {
  const std::string code = ErrorCode(number);
  const bool lacks_privilege = number == ERROR_PRIVILEGE_NOT_HELD && hint.empty();
  const std::string reason = lacks_privilege ? MissingPrivilege(syscall) : hint;
  return Error(code, static_cast<int>(number), syscall,
               Message(syscall, code, std::to_string(number), reason));
}

Error StatusError(const StatusNames& names, LONG status, const char* syscall, const std::string& hint) {
  const std::string number = Hexadecimal(static_cast<std::uint32_t>(status));
  std::string code = names.prefix + number;
  for (std::size_t i = 0; i < names.count; ++i) {
    if (names.names[i].status == status) code = names.names[i].code;
  }
  return Error(code, static_cast<int>(status), syscall, Message(syscall, code, number, hint));
}

void ThrowLastError(const char* syscall) {
  const DWORD number = GetLastError();
  throw Win32Error(number, syscall);
}

std::string Hexadecimal(std::uint32_t status) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text = "0x";
  for (int shift = 28; shift >= 0; shift -= 4) {
    text += kDigits[(status >> shift) & 0xF];
  }
  return text;
}

Error InvalidArgument(const std::string& message) { return Error("ERR_INVALID_ARG_VALUE", message); }

}  // namespace impersonate::win32
