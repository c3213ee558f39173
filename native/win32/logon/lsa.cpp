#include "win32/logon/lsa.h"

#include <cstdint>
#include <cstring>
#include <memory>

#include "win32/last_error.h"
#include "win32/process_identity.h"
#include "win32/token/privilege.h"

namespace impersonate::win32 {
namespace {

constexpr auto kNoSuchUser = static_cast<NTSTATUS>(0xC0000064);
constexpr auto kLogonFailure = static_cast<NTSTATUS>(0xC000006D);
constexpr auto kAccountRestriction = static_cast<NTSTATUS>(0xC000006E);

constexpr char kName[] = "impersonate";
// The name of the token source, of up to eight characters, in every token that we request.
constexpr char kSource[] = "impersnt";
static_assert(sizeof kSource == TOKEN_SOURCE_LENGTH + 1);

struct ReturnBufferFree {
  void operator()(void* buffer) const noexcept { LsaFreeReturnBuffer(buffer); }
};
using ReturnBuffer = std::unique_ptr<void, ReturnBufferFree>;

// The system's parameter is not const, but the system does not write to it.
LSA_STRING LsaString(const char* text) {
  const auto length = static_cast<USHORT>(std::strlen(text));
  return {length, static_cast<USHORT>(length + 1), const_cast<char*>(text)};
}

std::string Hex(NTSTATUS status) { return Hexadecimal(static_cast<std::uint32_t>(status)); }

void Check(NTSTATUS status, const char* call) {
  if (status >= 0) return;
  throw Win32Error(LsaNtStatusToWinError(status), call, "NTSTATUS " + Hex(status));
}

UniqueHandle ProcessTokenWith(const LUID& privilege) {
  HANDLE copy = nullptr;
  if (!DuplicateTokenEx(ProcessIdentity::Get().token(), TOKEN_ADJUST_PRIVILEGES | TOKEN_IMPERSONATE, nullptr,
                        SecurityImpersonation, TokenImpersonation, &copy)) {
    ThrowLastError("DuplicateTokenEx");
  }
  UniqueHandle token(copy);
  TOKEN_PRIVILEGES enable{};
  enable.PrivilegeCount = 1;
  enable.Privileges[0] = {privilege, SE_PRIVILEGE_ENABLED};
  // The call also succeeds if the token lacks the privilege.
  if (!AdjustTokenPrivileges(token.get(), FALSE, &enable, 0, nullptr, nullptr) ||
      GetLastError() == ERROR_NOT_ALL_ASSIGNED) {
    ThrowLastError("AdjustTokenPrivileges");
  }
  return token;
}

// For an account restriction the substatus is the restriction; for a logon failure it shows whether the user
// exists.
[[noreturn]] void ThrowLogonError(NTSTATUS status, NTSTATUS substatus, const std::string& user) {
  const bool unknown = status == kNoSuchUser || (status == kLogonFailure && substatus == kNoSuchUser);
  if (unknown) throw UnknownUser("LsaLogonUser", user);
  const NTSTATUS cause = status == kAccountRestriction && substatus < 0 ? substatus : status;
  throw Win32Error(LsaNtStatusToWinError(cause), "LsaLogonUser",
                   "NTSTATUS " + Hex(status) + ", substatus " + Hex(substatus));
}

TOKEN_SOURCE NewSource() {
  TOKEN_SOURCE source{};
  std::memcpy(source.SourceName, kSource, TOKEN_SOURCE_LENGTH);
  if (!AllocateLocallyUniqueId(&source.SourceIdentifier)) ThrowLastError("AllocateLocallyUniqueId");
  return source;
}

}  // namespace

Error UnknownUser(const char* syscall, const std::string& user) {
  return Error("ERR_UNKNOWN_USER", 0, syscall, "The security authority has no user '" + user + "'");
}

ThreadTcbPrivilege::ThreadTcbPrivilege() {
  const LUID tcb = PrivilegeByName("SeTcbPrivilege");
  if (HoldsPrivilege(ProcessIdentity::Get().token(), tcb)) token_ = ProcessTokenWith(tcb);
  SetCurrentThreadToken(token_.get());
}

LsaConnection::LsaConnection() {
  if (!tcb_.held()) {
    Check(LsaConnectUntrusted(&connection_), "LsaConnectUntrusted");
    return;
  }
  LSA_STRING name = LsaString(kName);
  LSA_OPERATIONAL_MODE mode = 0;
  Check(LsaRegisterLogonProcess(&name, &connection_, &mode), "LsaRegisterLogonProcess");
}

LsaConnection::~LsaConnection() { LsaDeregisterLogonProcess(connection_); }

ULONG LsaConnection::FindPackage(const char* name) const {
  LSA_STRING package = LsaString(name);
  ULONG number = 0;
  Check(LsaLookupAuthenticationPackage(connection_, &package, &number), "LsaLookupAuthenticationPackage");
  return number;
}

UniqueHandle LsaConnection::LogOn(const char* package, std::vector<unsigned char> request,
                                  const std::string& user) {
  const ULONG number = FindPackage(package);
  TOKEN_SOURCE source = NewSource();
  LSA_STRING origin = LsaString(kName);
  void* profile = nullptr;
  ULONG profile_size = 0;
  LUID logon{};
  HANDLE token = nullptr;
  QUOTA_LIMITS quotas{};
  NTSTATUS substatus = 0;
  const NTSTATUS status =
      LsaLogonUser(connection_, &origin, Network, number, request.data(), static_cast<ULONG>(request.size()),
                   nullptr, &source, &profile, &profile_size, &logon, &token, &quotas, &substatus);
  const ReturnBuffer profile_owner(profile);
  UniqueHandle handle(token);
  if (status < 0) ThrowLogonError(status, substatus, user);
  if (!handle) throw Win32Error(ERROR_NO_TOKEN, "LsaLogonUser");
  return handle;
}

}  // namespace impersonate::win32
