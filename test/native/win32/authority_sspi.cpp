// The server's side of Integrated Authentication, for the clients of sspi_client.h.

#include "sspi_objects.h"
// After windows.h.
#include <cctype>
#include <cstring>

#include "authority.h"
#include "sspi_client.h"
#include "text.h"

namespace seam {
namespace {

bool IsPackage(const std::wstring& name) {
  return EqualText(name, L"Negotiate") || EqualText(name, L"NTLM") || EqualText(name, L"Kerberos");
}

SECURITY_STATUS SEC_ENTRY AuthorityQuerySecurityPackageInfoW(LPWSTR package, PSecPkgInfoW* out) {
  return AsSecurityStatus([&] {
    if (package == nullptr || !IsPackage(package)) return SEC_E_SECPKG_NOT_FOUND;
    SecPkgInfoW info{};
    info.cbMaxToken = kMaxMessage;
    *out = static_cast<PSecPkgInfoW>(NewContextBuffer(&info, sizeof info));
    return SEC_E_OK;
  });
}

// The package list of credentials without a user and password; empty without a structure, and none for
// another one.
std::optional<std::wstring> PackagesOf(const void* auth_data) {
  if (auth_data == nullptr) return std::wstring();
  const auto& identity = *static_cast<const SEC_WINNT_AUTH_IDENTITY_EXW*>(auth_data);
  const bool known = identity.Version == SEC_WINNT_AUTH_IDENTITY_VERSION &&
                     identity.Length == sizeof identity && identity.Flags == SEC_WINNT_AUTH_IDENTITY_UNICODE;
  if (!known || identity.User != nullptr || identity.Domain != nullptr || identity.Password != nullptr)
    return std::nullopt;
  return std::wstring(reinterpret_cast<const wchar_t*>(identity.PackageList), identity.PackageListLength);
}

SECURITY_STATUS SEC_ENTRY AuthorityAcquireCredentialsHandleW(LPWSTR, LPWSTR package, ULONG use, void*,
                                                             void* identity, SEC_GET_KEY_FN, void*,
                                                             PCredHandle out, PTimeStamp expiry) {
  return AsSecurityStatus([&] {
    const std::wstring name = package != nullptr ? package : L"";
    if (!IsPackage(name)) return SEC_E_SECPKG_NOT_FOUND;
    if (use != SECPKG_CRED_INBOUND && use != SECPKG_CRED_OUTBOUND) return SEC_E_UNKNOWN_CREDENTIALS;
    const std::optional<std::wstring> packages = PackagesOf(identity);
    if (!packages) return SEC_E_UNKNOWN_CREDENTIALS;
    const bool outbound = use == SECPKG_CRED_OUTBOUND;
    const bool without_ntlm = EqualText(*packages, L"!ntlm");
    PointTo(out,
            AllCredentials().Add(std::make_unique<Credentials>(Credentials{name, outbound, without_ntlm})));
    NeverExpires(expiry);
    const std::wstring subject = outbound ? name + L" outbound" : name;
    RecordAuthorityCall("AcquireCredentialsHandleW", packages->empty() ? subject : subject + L" " + *packages,
                        ERROR_SUCCESS);
    return SEC_E_OK;
  });
}

SECURITY_STATUS SEC_ENTRY AuthorityFreeCredentialsHandle(PCredHandle handle) {
  const Credentials* const credentials = AllCredentials().Find(PointerOf(handle));
  if (credentials != nullptr && credentials->outbound)
    RecordAuthorityCall("FreeCredentialsHandle", credentials->package, ERROR_SUCCESS);
  return AllCredentials().Remove(PointerOf(handle)) ? SEC_E_OK : SEC_E_INVALID_HANDLE;
}

// As the system does: without the connection's bindings nothing is checked.
bool AreRightBindings(const std::string& connection, const std::string& client, ULONG request) {
  if (connection.empty()) return true;
  return client.empty() ? (request & ASC_REQ_ALLOW_MISSING_BINDINGS) != 0 : client == connection;
}

SECURITY_STATUS Prove(const std::string& message, const std::string& bindings, ULONG request,
                      Context& context) {
  const std::optional<ClientProof> proof = ParseProof(message);
  if (!proof) return SEC_E_INVALID_TOKEN;
  if (!AreRightBindings(bindings, proof->bindings, request)) return SEC_E_BAD_BINDINGS;
  std::optional<User> user = FindUser(proof->user, L"");
  const DWORD error = user ? CheckPassword(*user, proof->password) : ERROR_LOGON_FAILURE;
  RecordAuthorityCall("AcceptSecurityContext", proof->user, error);
  if (error != ERROR_SUCCESS) return SEC_E_LOGON_DENIED;
  context.user = std::move(user);
  context.level = proof->level;
  return SEC_E_OK;
}

SECURITY_STATUS Accept(const std::string& bytes, const std::string& bindings, ULONG request, Context& context,
                       const SecBufferDesc* out) {
  if (bytes.size() > kMaxMessage || context.user || context.incomplete) return SEC_E_INVALID_TOKEN;
  const ClientMessage message = ParseMessage(bytes);
  if (message.slow) Sleep(333);
  const bool requests_challenge = message.text == kChallengeRequest;
  const SECURITY_STATUS proven =
      requests_challenge ? SEC_I_CONTINUE_NEEDED : Prove(message.text, bindings, request, context);
  if (FAILED(proven)) return proven;
  context.incomplete = message.complete;
  std::string reply = requests_challenge ? kChallenge : kAccepted;
  if (message.complete) MakeIncomplete(reply);
  const SECURITY_STATUS replied = Reply(reply, out);
  if (FAILED(replied)) return replied;
  return message.complete ? ToComplete(proven) : proven;
}

SECURITY_STATUS SEC_ENTRY AuthorityAcceptSecurityContext(PCredHandle credentials, PCtxtHandle current,
                                                         PSecBufferDesc in, ULONG request, ULONG,
                                                         PCtxtHandle next, PSecBufferDesc out,
                                                         ULONG* attributes, PTimeStamp expiry) {
  return AsSecurityStatus([&]() -> SECURITY_STATUS {
    const bool known = credentials != nullptr && AllCredentials().Find(PointerOf(credentials)) != nullptr;
    Context* const continued = FindContext(current);
    if (!known || (current != nullptr && continued == nullptr)) return SEC_E_INVALID_HANDLE;
    const SecBuffer* const token = FindBuffer(in, SECBUFFER_TOKEN);
    if (token == nullptr) return SEC_E_INVALID_TOKEN;
    auto fresh = continued == nullptr ? std::make_unique<Context>() : nullptr;
    Context& context = continued != nullptr ? *continued : *fresh;
    const std::string message(static_cast<const char*>(token->pvBuffer), token->cbBuffer);
    const SECURITY_STATUS status = Accept(message, ChannelBindingsOf(in), request, context, out);
    if (attributes != nullptr) *attributes = 0;
    // A first message that fails leaves no context; a later one leaves it for the caller to delete.
    if (FAILED(status)) return status;
    PointTo(next, fresh ? AllContexts().Add(std::move(fresh)) : continued);
    NeverExpires(expiry);
    return status;
  });
}

SECURITY_STATUS SEC_ENTRY AuthorityCompleteAuthToken(PCtxtHandle handle, PSecBufferDesc message) {
  Context* const context = FindContext(handle);
  SecBuffer* const token = FindBuffer(message, SECBUFFER_TOKEN);
  if (context == nullptr || token == nullptr) return SEC_E_INVALID_HANDLE;
  if (!context->incomplete) return SEC_E_OUT_OF_SEQUENCE;
  context->incomplete = false;
  char* const text = static_cast<char*>(token->pvBuffer);
  for (ULONG i = 0; i < token->cbBuffer; ++i)
    text[i] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[i])));
  return SEC_E_OK;
}

SECURITY_STATUS SEC_ENTRY AuthorityQuerySecurityContextToken(PCtxtHandle handle, void** out) {
  return AsSecurityStatus([&] {
    const Context* const context = FindContext(handle);
    if (context == nullptr || !context->user || context->incomplete) return SEC_E_INVALID_HANDLE;
    *out = MakeUserToken(*context->user, L"S-1-5-2", TokenImpersonation, context->level).release();
    return SEC_E_OK;
  });
}

SECURITY_STATUS SEC_ENTRY AuthorityImpersonateSecurityContext(PCtxtHandle handle) {
  void* token = nullptr;
  const SECURITY_STATUS status = AuthorityQuerySecurityContextToken(handle, &token);
  if (FAILED(status)) return status;
  const Handle owned(token);
  return SetThreadToken(nullptr, token) ? SEC_E_OK : SEC_E_NO_IMPERSONATION;
}

SECURITY_STATUS SEC_ENTRY AuthorityRevertSecurityContext(PCtxtHandle handle) {
  if (FindContext(handle) == nullptr) return SEC_E_INVALID_HANDLE;
  return RevertToSelf() ? SEC_E_OK : SEC_E_INTERNAL_ERROR;
}

SECURITY_STATUS SEC_ENTRY AuthorityDeleteSecurityContext(PCtxtHandle handle) {
  const Context* const context = FindContext(handle);
  if (context != nullptr && !context->target.empty())
    RecordAuthorityCall("DeleteSecurityContext", context->target, ERROR_SUCCESS);
  return AllContexts().Remove(PointerOf(handle)) ? SEC_E_OK : SEC_E_INVALID_HANDLE;
}

SECURITY_STATUS SEC_ENTRY AuthorityFreeContextBuffer(void* buffer) {
  // Other buffers come from calls that are not replaced here.
  return ContextBuffers().Remove(buffer) ? SEC_E_OK : FreeContextBuffer(buffer);
}

}  // namespace

std::vector<Substitute> SspiSubstitutes() {
  return {
      Replace<decltype(QuerySecurityPackageInfoW)>("QuerySecurityPackageInfoW",
                                                   AuthorityQuerySecurityPackageInfoW),
      Replace<decltype(AcquireCredentialsHandleW)>("AcquireCredentialsHandleW",
                                                   AuthorityAcquireCredentialsHandleW),
      Replace<decltype(FreeCredentialsHandle)>("FreeCredentialsHandle", AuthorityFreeCredentialsHandle),
      Replace<decltype(AcceptSecurityContext)>("AcceptSecurityContext", AuthorityAcceptSecurityContext),
      Replace<decltype(CompleteAuthToken)>("CompleteAuthToken", AuthorityCompleteAuthToken),
      Replace<decltype(QuerySecurityContextToken)>("QuerySecurityContextToken",
                                                   AuthorityQuerySecurityContextToken),
      Replace<decltype(ImpersonateSecurityContext)>("ImpersonateSecurityContext",
                                                    AuthorityImpersonateSecurityContext),
      Replace<decltype(RevertSecurityContext)>("RevertSecurityContext", AuthorityRevertSecurityContext),
      Replace<decltype(DeleteSecurityContext)>("DeleteSecurityContext", AuthorityDeleteSecurityContext),
      Replace<decltype(FreeContextBuffer)>("FreeContextBuffer", AuthorityFreeContextBuffer),
  };
}

void CountSspi(Outstanding& outstanding) {
  outstanding.credentials = AllCredentials().Count();
  outstanding.contexts = AllContexts().Count();
  outstanding.context_buffers = ContextBuffers().Count();
}

}  // namespace seam
