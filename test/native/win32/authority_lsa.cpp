// S4U: LsaLogonUser returns a user's token without a password, at a level that depends on whether the
// caller's connection is trusted.

#include <windows.h>
// After windows.h.
#include <ntsecapi.h>

#include <atomic>

#include "authority.h"
#include "call_failed.h"
#include "identity.h"
#include "object_table.h"
#include "s4u_request.h"
#include "security_text.h"
#include "users.h"

namespace seam {
namespace {

constexpr NTSTATUS kSuccess = 0;
constexpr auto kInternalError = static_cast<NTSTATUS>(0xC00000E5);
constexpr auto kInvalidHandle = static_cast<NTSTATUS>(0xC0000008);
constexpr auto kInvalidParameter = static_cast<NTSTATUS>(0xC000000D);
constexpr auto kAccessDenied = static_cast<NTSTATUS>(0xC0000022);
constexpr auto kPortConnectionRefused = static_cast<NTSTATUS>(0xC0000041);
constexpr auto kPrivilegeNotHeld = static_cast<NTSTATUS>(0xC0000061);
constexpr auto kNoSuchUser = static_cast<NTSTATUS>(0xC0000064);
constexpr auto kLogonFailure = static_cast<NTSTATUS>(0xC000006D);
constexpr auto kAccountRestriction = static_cast<NTSTATUS>(0xC000006E);
constexpr auto kInvalidLogonHours = static_cast<NTSTATUS>(0xC000006F);
constexpr auto kPasswordExpired = static_cast<NTSTATUS>(0xC0000071);
constexpr auto kAccountDisabled = static_cast<NTSTATUS>(0xC0000072);
constexpr auto kNoSuchPackage = static_cast<NTSTATUS>(0xC00000FE);
constexpr auto kAccountExpired = static_cast<NTSTATUS>(0xC0000193);
constexpr auto kAccountLockedOut = static_cast<NTSTATUS>(0xC0000234);

constexpr ULONG kMsv1_0 = 0;
constexpr ULONG kKerberos = 2;
constexpr ULONG kNegotiate = 10;
struct Connection {
  bool trusted;
};

// One table for the process, as any thread may use a connection; the callers hold pointers to the entries.
ObjectTable<Connection>& Connections() {
  static ObjectTable<Connection>& connections = *new ObjectTable<Connection>;
  return connections;
}

ObjectTable<BYTE[]>& Buffers() {
  static ObjectTable<BYTE[]>& buffers = *new ObjectTable<BYTE[]>;
  return buffers;
}

template <typename Work>
NTSTATUS AsNtStatus(Work work) noexcept {
  try {
    return work();
  } catch (const std::exception&) {
    return kInternalError;
  }
}

bool HoldsTcb() {
  PRIVILEGE_SET set{};
  set.PrivilegeCount = 1;
  if (!LookupPrivilegeValueW(nullptr, SE_TCB_NAME, &set.Privilege[0].Luid))
    ThrowLastError("LookupPrivilegeValueW");
  const EffectiveToken caller = OpenEffectiveToken(TOKEN_QUERY);
  BOOL held = FALSE;
  if (caller.handle && !PrivilegeCheck(caller.handle.get(), &set, &held)) ThrowLastError("PrivilegeCheck");
  return held != FALSE;
}

NTSTATUS Connect(const char* function, bool trusted, PHANDLE out) {
  if (trusted && !HoldsTcb()) return kPortConnectionRefused;
  *out = Connections().Add(std::make_unique<Connection>(Connection{trusted}));
  RecordAuthorityCall(function, L"", ERROR_SUCCESS);
  return kSuccess;
}

NTSTATUS NTAPI AuthorityLsaConnectUntrusted(PHANDLE out) {
  return AsNtStatus([&] { return Connect("LsaConnectUntrusted", false, out); });
}

NTSTATUS NTAPI AuthorityLsaRegisterLogonProcess(PLSA_STRING, PHANDLE out, PLSA_OPERATIONAL_MODE mode) {
  *mode = 0;
  return AsNtStatus([&] { return Connect("LsaRegisterLogonProcess", true, out); });
}

NTSTATUS NTAPI AuthorityLsaDeregisterLogonProcess(HANDLE connection) {
  return Connections().Remove(connection) ? kSuccess : kInvalidHandle;
}

NTSTATUS NTAPI AuthorityLsaFreeReturnBuffer(PVOID buffer) {
  return Buffers().Remove(buffer) ? kSuccess : kInvalidParameter;
}

NTSTATUS NTAPI AuthorityLsaLookupAuthenticationPackage(HANDLE connection, PLSA_STRING package, PULONG out) {
  return AsNtStatus([&] {
    if (Connections().Find(connection) == nullptr) return kInvalidHandle;
    const std::string name(package->Buffer, package->Length);
    if (name == "MICROSOFT_AUTHENTICATION_PACKAGE_V1_0") {
      *out = kMsv1_0;
    } else if (name == "Kerberos") {
      *out = kKerberos;
    } else if (name == "Negotiate") {
      *out = kNegotiate;
    } else {
      return kNoSuchPackage;
    }
    return kSuccess;
  });
}

struct Outcome {
  NTSTATUS status;
  NTSTATUS substatus;
};

// S4U needs no password: it fails only if the account may not log on.
Outcome OutcomeOf(DWORD error) {
  switch (error) {
    case ERROR_SUCCESS:
      return {kSuccess, kSuccess};
    case ERROR_ACCOUNT_LOCKED_OUT:
      return {kAccountLockedOut, kSuccess};
    case ERROR_ACCOUNT_EXPIRED:
      return {kAccountExpired, kSuccess};
    case ERROR_ACCOUNT_DISABLED:
      return {kAccountRestriction, kAccountDisabled};
    case ERROR_INVALID_LOGON_HOURS:
      return {kAccountRestriction, kInvalidLogonHours};
    case ERROR_PASSWORD_EXPIRED:
      return {kAccountRestriction, kPasswordExpired};
    default:
      return {kAccountRestriction, kSuccess};
  }
}

Outcome FindForPackage(const S4URequest& request, ULONG package, std::optional<User>& user) {
  user = FindUser(request.name(), request.domain());
  if (user && package != kNegotiate && IsLocal(*user) != (package == kMsv1_0)) user.reset();
  if (!user) return {kLogonFailure, kNoSuchUser};
  const bool any_hour = user->error == ERROR_INVALID_LOGON_HOURS && !request.checks_hours();
  return any_hour ? Outcome{kSuccess, kSuccess} : OutcomeOf(user->error);
}

void AddGroups(User& user, const TOKEN_GROUPS* groups) {
  for (DWORD i = 0; groups != nullptr && i < groups->GroupCount; ++i) {
    user.groups.push_back({SidText(groups->Groups[i].Sid), groups->Groups[i].Attributes});
  }
}

void ReturnProfile(PVOID* profile, PULONG size) {
  auto buffer = std::make_unique<BYTE[]>(sizeof(MSV1_0_INTERACTIVE_PROFILE));
  reinterpret_cast<MSV1_0_INTERACTIVE_PROFILE*>(buffer.get())->MessageType = MsV1_0InteractiveProfile;
  *profile = Buffers().Add(std::move(buffer));
  *size = sizeof(MSV1_0_INTERACTIVE_PROFILE);
}

Handle MakeTokenByTrust(const User& user, const Connection& caller, PLUID logon) {
  if (!AllocateLocallyUniqueId(logon)) ThrowLastError("AllocateLocallyUniqueId");
  const auto level = caller.trusted ? SecurityImpersonation : SecurityIdentification;
  return MakeUserToken(user, L"S-1-5-2", TokenImpersonation, level);
}

NTSTATUS NTAPI AuthorityLsaLogonUser(HANDLE connection, PLSA_STRING origin, SECURITY_LOGON_TYPE type,
                                     ULONG package, PVOID block, ULONG block_size, PTOKEN_GROUPS groups,
                                     PTOKEN_SOURCE source, PVOID* profile, PULONG profile_size, PLUID logon,
                                     PHANDLE out, PQUOTA_LIMITS quotas, PNTSTATUS substatus) {
  return AsNtStatus([&] {
    *profile = nullptr;
    *profile_size = 0;
    *out = nullptr;
    *substatus = kSuccess;
    const Connection* const caller = Connections().Find(connection);
    if (caller == nullptr) return kInvalidHandle;
    const S4URequest request(block, block_size);
    const bool complete = source != nullptr && origin != nullptr && quotas != nullptr;
    if (!request.valid() || type != Network || !complete) return kInvalidParameter;
    if (package != kMsv1_0 && package != kKerberos && package != kNegotiate) return kNoSuchPackage;
    if (groups != nullptr && !caller->trusted) return kPrivilegeNotHeld;
    std::optional<User> user;
    const Outcome outcome = FindForPackage(request, package, user);
    *substatus = outcome.substatus;
    const bool found = outcome.status == kSuccess;
    RecordAuthorityCall("LsaLogonUser", request.name(), found ? ERROR_SUCCESS : ERROR_LOGON_FAILURE);
    if (!found) return outcome.status;
    AddGroups(*user, groups);
    Handle token = MakeTokenByTrust(*user, *caller, logon);
    ReturnProfile(profile, profile_size);
    *out = token.release();
    return kSuccess;
  });
}

std::atomic<ULONG>& TheLogonType() {
  static std::atomic<ULONG> type{0};
  return type;
}

NTSTATUS NTAPI AuthorityLsaGetLogonSessionData(PLUID, PSECURITY_LOGON_SESSION_DATA* out) {
  return AsNtStatus([&] {
    const ULONG type = TheLogonType();
    RecordAuthorityCall("LsaGetLogonSessionData", L"", type != 0 ? ERROR_SUCCESS : ERROR_ACCESS_DENIED);
    if (type == 0) return kAccessDenied;
    auto buffer = std::make_unique<BYTE[]>(sizeof(SECURITY_LOGON_SESSION_DATA));
    auto* const data = reinterpret_cast<SECURITY_LOGON_SESSION_DATA*>(buffer.get());
    data->Size = sizeof *data;
    data->LogonType = type;
    Buffers().Add(std::move(buffer));
    *out = data;
    return kSuccess;
  });
}

}  // namespace

void SetLogonType(ULONG type) { TheLogonType() = type; }

std::vector<Substitute> LsaSubstitutes() {
  return {
      Replace<decltype(LsaConnectUntrusted)>("LsaConnectUntrusted", AuthorityLsaConnectUntrusted),
      Replace<decltype(LsaRegisterLogonProcess)>("LsaRegisterLogonProcess", AuthorityLsaRegisterLogonProcess),
      Replace<decltype(LsaDeregisterLogonProcess)>("LsaDeregisterLogonProcess",
                                                   AuthorityLsaDeregisterLogonProcess),
      Replace<decltype(LsaFreeReturnBuffer)>("LsaFreeReturnBuffer", AuthorityLsaFreeReturnBuffer),
      Replace<decltype(LsaLookupAuthenticationPackage)>("LsaLookupAuthenticationPackage",
                                                        AuthorityLsaLookupAuthenticationPackage),
      Replace<decltype(LsaLogonUser)>("LsaLogonUser", AuthorityLsaLogonUser),
      Replace<decltype(LsaGetLogonSessionData)>("LsaGetLogonSessionData", AuthorityLsaGetLogonSessionData),
  };
}

void CountLsa(Outstanding& outstanding) {
  outstanding.lsa_connections = Connections().Count();
  outstanding.lsa_buffers = Buffers().Count();
}

}  // namespace seam
