#include "negotiate_client.h"

#include "call_failed.h"

namespace seam {
namespace {

constexpr size_t kMostBytes = 65536;

void CheckSecurity(const char* call, SECURITY_STATUS status) {
  if (status < 0) throw CallFailed(call, static_cast<DWORD>(status));
}

unsigned short* Units(std::wstring& text) { return reinterpret_cast<unsigned short*>(text.data()); }

}  // namespace

NegotiateClient::NegotiateClient(std::wstring package, std::wstring user, std::wstring domain,
                                 Secret& password, bool identify)
    : requirements_(ISC_REQ_CONNECTION | (identify ? ISC_REQ_IDENTIFY : 0)) {
  SEC_WINNT_AUTH_IDENTITY_W identity{};
  identity.User = Units(user);
  identity.UserLength = static_cast<unsigned long>(user.size());
  identity.Domain = Units(domain);
  identity.DomainLength = static_cast<unsigned long>(domain.size());
  identity.Password = reinterpret_cast<unsigned short*>(password.text());
  identity.PasswordLength = password.length();
  identity.Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE;
  TimeStamp expiry{};
  CheckSecurity("AcquireCredentialsHandleW",
                AcquireCredentialsHandleW(nullptr, package.data(), SECPKG_CRED_OUTBOUND, nullptr, &identity,
                                          nullptr, nullptr, &credentials_, &expiry));
}

NegotiateClient::~NegotiateClient() {
  if (started_) DeleteSecurityContext(&context_);
  FreeCredentialsHandle(&credentials_);
}

std::vector<BYTE> NegotiateClient::Step(std::vector<BYTE> reply) {
  SecBuffer in{static_cast<unsigned long>(reply.size()), SECBUFFER_TOKEN, reply.data()};
  SecBufferDesc in_list{SECBUFFER_VERSION, 1, &in};
  std::vector<BYTE> message(kMostBytes);
  SecBuffer out{static_cast<unsigned long>(message.size()), SECBUFFER_TOKEN, message.data()};
  SecBufferDesc out_list{SECBUFFER_VERSION, 1, &out};
  ULONG attributes = 0;
  TimeStamp expiry{};
  const SECURITY_STATUS status = InitializeSecurityContextW(
      &credentials_, started_ ? &context_ : nullptr, nullptr, requirements_, 0, SECURITY_NATIVE_DREP,
      started_ ? &in_list : nullptr, 0, &context_, &out_list, &attributes, &expiry);
  CheckSecurity("InitializeSecurityContextW", status);
  started_ = true;
  if (status == SEC_I_COMPLETE_NEEDED || status == SEC_I_COMPLETE_AND_CONTINUE) {
    CheckSecurity("CompleteAuthToken", CompleteAuthToken(&context_, &out_list));
  }
  message.resize(out.cbBuffer);
  return message;
}

}  // namespace seam
