// The client's side of Integrated Authentication: its credentials are those of the calling thread's user.

#include "sspi_objects.h"
// After windows.h.
#include <cstring>
#include <memory>

#include "authority.h"
#include "identity.h"
#include "sspi_client.h"
#include "text.h"

namespace seam {
namespace {

std::wstring Hexadecimal(ULONG number) {
  std::wstring text;
  for (int shift = 28; shift >= 0; shift -= 4) text += L"0123456789abcdef"[(number >> shift) & 15];
  return text;
}

// What a message makes of the handshake.
struct Step {
  SECURITY_STATUS status;
  std::string message;
  ULONG attributes = 0;
};

// The proof that the server's side of the authority accepts, for the user of the thread.
std::string ProofOfThread(ULONG request, const std::string& bindings) {
  const std::optional<User> user = FindUserBySid(ReadEffectiveUser());
  if (!user) return "SEAM impersonation nobody:";
  const char* const level = (request & ISC_REQ_DELEGATE) != 0 ? "delegation" : "impersonation";
  return "SEAM " + std::string(level) + " " + Utf8(user->name + L"@" + user->domain + L":" + user->password) +
         (bindings.empty() ? "" : kBindings + bindings);
}

const std::string kNtlm("NTLMSSP\0\1", 9);

// NTLM is chosen for a service that the directory does not know.
Step FirstStep(const Credentials& credentials, const std::wstring& target, ULONG request,
               const std::string& bindings, Context& context) {
  context.target = target;
  context.package = L"Kerberos";
  const bool is_known = target.rfind(L"HTTP/", 0) == 0 || target.rfind(L"postgres/", 0) == 0;
  if (is_known) return {SEC_I_CONTINUE_NEEDED, ProofOfThread(request, bindings)};
  if (credentials.without_ntlm || credentials.package != L"Negotiate") return {SEC_E_TARGET_UNKNOWN, ""};
  context.package = L"NTLM";
  return {SEC_I_CONTINUE_NEEDED, kNtlm};
}

Step NextStep(const std::string& reply, Context& context) {
  if (reply == kAccepted) return {SEC_E_OK, "", ISC_RET_MUTUAL_AUTH};
  if (reply == "SEAM-LAST") return {SEC_E_OK, "SEAM-END", ISC_RET_MUTUAL_AUTH};
  if (reply == "SEAM-UNPROVEN") return {SEC_E_OK, "SEAM-END"};
  if (reply == kChallenge) return {SEC_I_CONTINUE_NEEDED, "SEAM-RESPONSE"};
  if (reply == "SEAM-ANSWER-NTLM") return {SEC_I_CONTINUE_NEEDED, kNtlm};
  if (reply != "SEAM-ACCEPTED-NTLM") return {SEC_E_INVALID_TOKEN, ""};
  context.package = L"NTLM";
  return {SEC_E_OK, ""};
}

SECURITY_STATUS SEC_ENTRY AuthorityInitializeSecurityContextW(PCredHandle handle, PCtxtHandle current,
                                                              SEC_WCHAR* target, ULONG request, ULONG, ULONG,
                                                              PSecBufferDesc in, ULONG, PCtxtHandle next,
                                                              PSecBufferDesc out, ULONG* attributes,
                                                              PTimeStamp expiry) {
  return AsSecurityStatus([&]() -> SECURITY_STATUS {
    const Credentials* const credentials = AllCredentials().Find(PointerOf(handle));
    Context* const continued = FindContext(current);
    if (credentials == nullptr || !credentials->outbound) return SEC_E_INVALID_HANDLE;
    if (current != nullptr && (continued == nullptr || continued->target != target))
      return SEC_E_INVALID_HANDLE;
    const std::string bindings = ChannelBindingsOf(in);
    RecordAuthorityCall(
        "InitializeSecurityContextW",
        target + (L" " + Hexadecimal(request)) + (bindings.empty() ? L"" : L" " + Wide(bindings)),
        ERROR_SUCCESS);
    const SecBuffer* const token = FindBuffer(in, SECBUFFER_TOKEN);
    if ((token == nullptr) != (continued == nullptr)) return SEC_E_INVALID_TOKEN;
    auto fresh = continued == nullptr ? std::make_unique<Context>() : nullptr;
    Context& context = continued != nullptr ? *continued : *fresh;
    ClientMessage message;
    if (token != nullptr)
      message = ParseMessage(std::string(static_cast<const char*>(token->pvBuffer), token->cbBuffer));
    if (message.slow) Sleep(333);
    Step step = continued == nullptr ? FirstStep(*credentials, target, request, bindings, context)
                                     : NextStep(message.text, context);
    if (FAILED(step.status)) return step.status;
    context.incomplete = message.complete;
    if (message.complete) {
      MakeIncomplete(step.message);
      step.status = ToComplete(step.status);
    }
    const SECURITY_STATUS replied = Reply(step.message, out);
    if (FAILED(replied)) return replied;
    *attributes = step.attributes;
    PointTo(next, fresh ? AllContexts().Add(std::move(fresh)) : continued);
    NeverExpires(expiry);
    return step.status;
  });
}

void* NewPackageInfo(const std::wstring& name) {
  // The caller frees both in one.
  std::vector<BYTE> bytes(sizeof(SecPkgInfoW) + (name.size() + 1) * sizeof(wchar_t));
  auto* const block = static_cast<BYTE*>(NewContextBuffer(bytes.data(), bytes.size()));
  auto* const text = reinterpret_cast<wchar_t*>(block + sizeof(SecPkgInfoW));
  std::memcpy(text, name.c_str(), (name.size() + 1) * sizeof(wchar_t));
  reinterpret_cast<SecPkgInfoW*>(block)->Name = text;
  return block;
}

SECURITY_STATUS SEC_ENTRY AuthorityQueryContextAttributesW(PCtxtHandle handle, ULONG attribute, void* out) {
  return AsSecurityStatus([&] {
    const Context* const context = FindContext(handle);
    if (context == nullptr || context->target.empty()) return SEC_E_INVALID_HANDLE;
    if (attribute != SECPKG_ATTR_NEGOTIATION_INFO) return SEC_E_UNSUPPORTED_FUNCTION;
    RecordAuthorityCall("QueryContextAttributesW", context->target, ERROR_SUCCESS);
    auto& info = *static_cast<SecPkgContext_NegotiationInfoW*>(out);
    info.NegotiationState = SECPKG_NEGOTIATION_COMPLETE;
    info.PackageInfo = static_cast<PSecPkgInfoW>(NewPackageInfo(context->package));
    return SEC_E_OK;
  });
}

}  // namespace

std::vector<Substitute> InitiateSubstitutes() {
  return {
      Replace<decltype(InitializeSecurityContextW)>("InitializeSecurityContextW",
                                                    AuthorityInitializeSecurityContextW),
      Replace<decltype(QueryContextAttributesW)>("QueryContextAttributesW", AuthorityQueryContextAttributesW),
  };
}

}  // namespace seam
