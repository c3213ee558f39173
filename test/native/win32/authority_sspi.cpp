// The server's side of Integrated Authentication, for the clients of sspi_client.h.

#include <windows.h>
// After windows.h.
#define SECURITY_WIN32
#include <security.h>

#include <cctype>
#include <cstring>

#include "authority.h"
#include "call_failed.h"
#include "object_table.h"
#include "sspi_client.h"
#include "text.h"
#include "users.h"

namespace seam {
namespace {

constexpr size_t kMaxMessage = 12288;

struct Credentials {
  std::wstring package;
};

struct Context {
  std::optional<User> user;
  SECURITY_IMPERSONATION_LEVEL level = SecurityImpersonation;
  // The reply to the last message is not complete before CompleteAuthToken.
  bool incomplete = false;
};

// One table of each kind for the process; the callers hold pointers to the entries.
ObjectTable<Credentials>& AllCredentials() {
  static ObjectTable<Credentials>& all = *new ObjectTable<Credentials>;
  return all;
}

ObjectTable<Context>& AllContexts() {
  static ObjectTable<Context>& all = *new ObjectTable<Context>;
  return all;
}

ObjectTable<BYTE[]>& ContextBuffers() {
  static ObjectTable<BYTE[]>& all = *new ObjectTable<BYTE[]>;
  return all;
}

template <typename Work>
SECURITY_STATUS AsSecurityStatus(Work work) noexcept {
  try {
    return work();
  } catch (const std::exception&) {
    return SEC_E_INTERNAL_ERROR;
  }
}

const void* PointerOf(const SecHandle* handle) { return reinterpret_cast<const void*>(handle->dwLower); }

void PointTo(SecHandle* handle, const void* item) {
  handle->dwLower = reinterpret_cast<ULONG_PTR>(item);
  handle->dwUpper = 1;
}

Context* FindContext(const SecHandle* handle) {
  return handle ? AllContexts().Find(PointerOf(handle)) : nullptr;
}

void NeverExpires(PTimeStamp expiry) {
  if (expiry != nullptr) expiry->QuadPart = MAXLONGLONG;
}

void* NewContextBuffer(const void* from, size_t size) {
  auto buffer = std::make_unique<BYTE[]>(size);
  std::memcpy(buffer.get(), from, size);
  return ContextBuffers().Add(std::move(buffer));
}

SecBuffer* FindToken(const SecBufferDesc* message) {
  for (ULONG i = 0; message != nullptr && i < message->cBuffers; ++i) {
    if (message->pBuffers[i].BufferType == SECBUFFER_TOKEN) return &message->pBuffers[i];
  }
  return nullptr;
}

// Ignores ASC_REQ_ALLOCATE_MEMORY, like Wine's NTLM.
SECURITY_STATUS Reply(const std::string& text, const SecBufferDesc* out) {
  SecBuffer* const token = FindToken(out);
  if (token == nullptr) return SEC_E_INVALID_TOKEN;
  if (token->cbBuffer < text.size()) return SEC_E_BUFFER_TOO_SMALL;
  std::memcpy(token->pvBuffer, text.data(), text.size());
  token->cbBuffer = static_cast<ULONG>(text.size());
  return SEC_E_OK;
}

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

SECURITY_STATUS SEC_ENTRY AuthorityAcquireCredentialsHandleW(LPWSTR, LPWSTR package, ULONG use, void*, void*,
                                                             SEC_GET_KEY_FN, void*, PCredHandle out,
                                                             PTimeStamp expiry) {
  return AsSecurityStatus([&] {
    const std::wstring name = package != nullptr ? package : L"";
    if (!IsPackage(name)) return SEC_E_SECPKG_NOT_FOUND;
    if ((use & SECPKG_CRED_INBOUND) == 0) return SEC_E_UNKNOWN_CREDENTIALS;
    PointTo(out, AllCredentials().Add(std::make_unique<Credentials>(Credentials{name})));
    NeverExpires(expiry);
    RecordAuthorityCall("AcquireCredentialsHandleW", name, ERROR_SUCCESS);
    return SEC_E_OK;
  });
}

SECURITY_STATUS SEC_ENTRY AuthorityFreeCredentialsHandle(PCredHandle handle) {
  return AllCredentials().Remove(PointerOf(handle)) ? SEC_E_OK : SEC_E_INVALID_HANDLE;
}

SECURITY_STATUS Prove(const std::string& message, Context& context) {
  const std::optional<ClientProof> proof = ParseProof(message);
  if (!proof) return SEC_E_INVALID_TOKEN;
  std::optional<User> user = FindUser(proof->user, L"");
  const DWORD error = user ? CheckPassword(*user, proof->password) : ERROR_LOGON_FAILURE;
  RecordAuthorityCall("AcceptSecurityContext", proof->user, error);
  if (error != ERROR_SUCCESS) return SEC_E_LOGON_DENIED;
  context.user = std::move(user);
  context.level = proof->level;
  return SEC_E_OK;
}

void ChangeCase(char* text, size_t size, int (*change)(int)) {
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(change(static_cast<unsigned char>(text[i])));
}

SECURITY_STATUS ToComplete(SECURITY_STATUS status) {
  return status == SEC_E_OK ? SEC_I_COMPLETE_NEEDED : SEC_I_COMPLETE_AND_CONTINUE;
}

SECURITY_STATUS Accept(const std::string& bytes, Context& context, const SecBufferDesc* out) {
  if (bytes.size() > kMaxMessage || context.user || context.incomplete) return SEC_E_INVALID_TOKEN;
  const ClientMessage message = ParseMessage(bytes);
  if (message.slow) Sleep(333);
  const bool requests_challenge = message.text == kChallengeRequest;
  const SECURITY_STATUS proven = requests_challenge ? SEC_I_CONTINUE_NEEDED : Prove(message.text, context);
  if (FAILED(proven)) return proven;
  context.incomplete = message.complete;
  std::string reply = requests_challenge ? kChallenge : kAccepted;
  if (message.complete) ChangeCase(reply.data(), reply.size(), std::tolower);
  const SECURITY_STATUS replied = Reply(reply, out);
  if (FAILED(replied)) return replied;
  return message.complete ? ToComplete(proven) : proven;
}

SECURITY_STATUS SEC_ENTRY AuthorityAcceptSecurityContext(PCredHandle credentials, PCtxtHandle current,
                                                         PSecBufferDesc in, ULONG, ULONG, PCtxtHandle next,
                                                         PSecBufferDesc out, ULONG* attributes,
                                                         PTimeStamp expiry) {
  return AsSecurityStatus([&]() -> SECURITY_STATUS {
    const bool known = credentials != nullptr && AllCredentials().Find(PointerOf(credentials)) != nullptr;
    Context* const continued = FindContext(current);
    if (!known || (current != nullptr && continued == nullptr)) return SEC_E_INVALID_HANDLE;
    const SecBuffer* const token = FindToken(in);
    if (token == nullptr) return SEC_E_INVALID_TOKEN;
    auto fresh = continued == nullptr ? std::make_unique<Context>() : nullptr;
    Context& context = continued != nullptr ? *continued : *fresh;
    const std::string message(static_cast<const char*>(token->pvBuffer), token->cbBuffer);
    const SECURITY_STATUS status = Accept(message, context, out);
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
  SecBuffer* const token = FindToken(message);
  if (context == nullptr || token == nullptr) return SEC_E_INVALID_HANDLE;
  if (!context->incomplete) return SEC_E_OUT_OF_SEQUENCE;
  context->incomplete = false;
  ChangeCase(static_cast<char*>(token->pvBuffer), token->cbBuffer, std::toupper);
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
  return AllContexts().Remove(PointerOf(handle)) ? SEC_E_OK : SEC_E_INVALID_HANDLE;
}

SECURITY_STATUS SEC_ENTRY AuthorityFreeContextBuffer(void* buffer) {
  // Other buffers come from calls that are not replaced here.
  return ContextBuffers().Remove(buffer) ? SEC_E_OK : FreeContextBuffer(buffer);
}

SECURITY_STATUS SEC_ENTRY AuthorityQueryContextAttributesW(PCtxtHandle handle, ULONG attribute, void* out) {
  return AsSecurityStatus([&] {
    const Context* const context = FindContext(handle);
    if (context == nullptr || !context->user) return SEC_E_INVALID_HANDLE;
    if (attribute != SECPKG_ATTR_NAMES) return SEC_E_UNSUPPORTED_FUNCTION;
    const std::wstring name = context->user->domain + L"\\" + context->user->name;
    void* const buffer = NewContextBuffer(name.c_str(), (name.size() + 1) * sizeof(wchar_t));
    static_cast<SecPkgContext_NamesW*>(out)->sUserName = static_cast<wchar_t*>(buffer);
    return SEC_E_OK;
  });
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
      Replace<decltype(QueryContextAttributesW)>("QueryContextAttributesW", AuthorityQueryContextAttributesW),
  };
}

void CountSspi(Outstanding& outstanding) {
  outstanding.credentials = AllCredentials().Count();
  outstanding.contexts = AllContexts().Count();
  outstanding.context_buffers = ContextBuffers().Count();
}

}  // namespace seam
