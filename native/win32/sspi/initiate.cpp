#include "core/port/initiate.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "core/error.h"
#include "win32/process_identity.h"
#include "win32/sspi/message.h"
#include "win32/sspi/sspi_error.h"
#include "win32/text.h"
#include "win32/thread/current_thread.h"
#include "win32/thread/impersonation.h"
#include "win32/token/token_information.h"
#include "win32/token/win32_token.h"

namespace impersonate::port {
namespace {

using win32::Win32Token;

// A package and its limits. The credentials belong to each handshake, as each has another user.
class Win32Initiator final : public Initiator {
 public:
  explicit Win32Initiator(const InitiatorOptions& options)
      : package_(win32::ToWide(options.package)),
        allow_ntlm_(options.allow_ntlm),
        max_message_(win32::MaxMessageOf(package_)) {}

  const std::wstring& package() const noexcept { return package_; }
  bool allow_ntlm() const noexcept { return allow_ntlm_; }
  // In bytes.
  ULONG max_message() const noexcept { return max_message_; }

 private:
  std::wstring package_;
  bool allow_ntlm_;
  ULONG max_message_;
};

// The credentials of the calling thread's logon session, freed with the object.
class OutboundCredentials {
 public:
  explicit OutboundCredentials(const Win32Initiator& initiator);
  ~OutboundCredentials() { FreeCredentialsHandle(&handle_); }
  OutboundCredentials(const OutboundCredentials&) = delete;
  OutboundCredentials& operator=(const OutboundCredentials&) = delete;

  CredHandle* get() noexcept { return &handle_; }

 private:
  CredHandle handle_{};
};

// Credentials of no other user: they only take NTLM from what Negotiate may choose.
SEC_WINNT_AUTH_IDENTITY_EXW WithoutNtlm(std::wstring& packages) {
  SEC_WINNT_AUTH_IDENTITY_EXW identity{};
  identity.Version = SEC_WINNT_AUTH_IDENTITY_VERSION;
  identity.Length = sizeof identity;
  identity.Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE;
  identity.PackageList = reinterpret_cast<unsigned short*>(packages.data());
  identity.PackageListLength = static_cast<ULONG>(packages.size());
  return identity;
}

OutboundCredentials::OutboundCredentials(const Win32Initiator& initiator) {
  std::wstring package = initiator.package();
  std::wstring packages = L"!ntlm";
  SEC_WINNT_AUTH_IDENTITY_EXW identity = WithoutNtlm(packages);
  // The structure is for Negotiate alone.
  const bool restricted = package == L"Negotiate" && !initiator.allow_ntlm();
  TimeStamp expiry{};
  const SECURITY_STATUS status =
      AcquireCredentialsHandleW(nullptr, package.data(), SECPKG_CRED_OUTBOUND, nullptr,
                                restricted ? &identity : nullptr, nullptr, nullptr, &handle_, &expiry);
  if (status != SEC_E_OK) throw win32::SspiError(status, "AcquireCredentialsHandleW");
}

bool HasNtlmMessage(const Bytes& message) {
  // Every message of NTLM begins with it, inside of SPNEGO too.
  constexpr char kSignature[] = "NTLMSSP";
  return std::search(message.begin(), message.end(), std::begin(kSignature), std::end(kSignature)) !=
         message.end();
}

[[noreturn]] void RefuseNtlm() {
  throw Error(
      "ERR_NTLM_REFUSED",
      "The handshake would use NTLM, which does not prove the server's identity and cannot be "
      "delegated. Kerberos needs the service principal name of options.target in the directory, and a "
      "domain controller; allowNtlm permits NTLM");
}

// Whether the token has the identity of the process, whose credentials a thread without a token uses.
bool IsProcessIdentity(const Win32Token& token) {
  return win32::FingerprintOf(win32::ProcessIdentity::Get().token(), Level::kImpersonation) ==
         win32::FingerprintOf(token.handle(), token.level());
}

[[noreturn]] void ThrowUnproven() {
  throw Error("ERR_SERVER_UNPROVEN", "The server has ended the handshake without a proof of its identity");
}

// A security context from the first message to the last. The system's context is deleted when the handshake
// ends, or with the object.
class Win32InitiatorContext final : public InitiatorContext {
 public:
  Win32InitiatorContext(std::shared_ptr<Win32Initiator> initiator, TokenRef token,
                        const InitiatorTarget& target);
  ~Win32InitiatorContext() override { End(); }

  InitiatorResult Step(const Bytes& message) override;

 private:
  struct Outcome {
    SECURITY_STATUS status;
    ULONG attributes;
  };

  // Makes the next message, in `out`, as the user. Throws if the status is an error.
  Outcome MakeMessage(const Bytes& message, SecBufferDesc* out);
  // The calls of MakeMessage(), on a thread that carries the token.
  Outcome CallAsUser(const Bytes& message, SecBufferDesc* out);
  // Throws unless the server has proved its identity.
  void RequireProof(ULONG attributes);
  bool HasChosenNtlm();
  void End() noexcept;

  std::shared_ptr<Win32Initiator> initiator_;
  TokenRef token_;
  std::wstring target_;
  ULONG request_;
  // Whether the token has the process's identity; none before the first message.
  std::optional<bool> own_;
  Bytes channel_bindings_;
  // Held while a message is processed: SSPI does not allow one context on two threads.
  std::mutex busy_;
  std::optional<OutboundCredentials> credentials_;
  CtxtHandle handle_{};
  bool begun_ = false;
  bool ended_ = false;
};

Win32InitiatorContext::Win32InitiatorContext(std::shared_ptr<Win32Initiator> initiator, TokenRef token,
                                             const InitiatorTarget& target)
    : initiator_(std::move(initiator)),
      token_(std::move(token)),
      target_(win32::ToWide(target.name)),
      request_(ISC_REQ_MUTUAL_AUTH | ISC_REQ_CONNECTION | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT |
               // Windows forwards the ticket only to a server that the directory trusts with it, and goes on
               // without it otherwise.
               (target.delegate ? ISC_REQ_DELEGATE : 0)),
      channel_bindings_(win32::ChannelBindings(target.channel_bindings)) {}

InitiatorResult Win32InitiatorContext::Step(const Bytes& message) {
  const std::unique_lock<std::mutex> lock(busy_, std::try_to_lock);
  if (!lock) throw Error("ERR_HANDSHAKE_BUSY", "Another message of the handshake is being processed");
  if (ended_) throw Error("ERR_HANDSHAKE_CLOSED", "The handshake is closed");
  try {
    if (begun_ && message.empty()) ThrowUnproven();
    if (!initiator_->allow_ntlm() && HasNtlmMessage(message)) RefuseNtlm();
    win32::OutMessage out(initiator_->max_message());
    const Outcome outcome = MakeMessage(message, out.get());
    InitiatorResult result;
    result.message = out.bytes();
    // NTLM's own messages let the other side try passwords.
    if (!initiator_->allow_ntlm() && HasNtlmMessage(result.message)) RefuseNtlm();
    if (win32::Continues(outcome.status)) return result;
    RequireProof(outcome.attributes);
    result.done = true;
    End();
    return result;
  } catch (...) {
    End();
    throw;
  }
}

Win32InitiatorContext::Outcome Win32InitiatorContext::MakeMessage(const Bytes& message, SecBufferDesc* out) {
  const Win32Token& token = Win32Token::From(*token_);
  if (!own_) own_ = IsProcessIdentity(token);
  const Win32Token* const user = *own_ ? nullptr : &token;
  if (user && !win32::IsAuthenticated(user->handle())) {
    throw Error("ERR_NOT_DELEGATED",
                "The token is anonymous or a guest's, and cannot authenticate to other services");
  }
  try {
    std::optional<win32::Impersonation> as_user;
    if (user) as_user.emplace(*user);
    return CallAsUser(message, out);
  } catch (const Error& error) {
    if (!user || error.code() != "SEC_E_NO_CREDENTIALS") throw;
    throw Error(
        "ERR_NOT_DELEGATED", error.number(), error.syscall(),
        "The token's user cannot authenticate to " + win32::ToUtf8(target_) +
            " through this service. The directory must permit the service to delegate to that target, "
            "and the user must not be marked as sensitive (docs/delegation.md); Token.logon makes a "
            "token with the user's own credentials");
  }
}

Win32InitiatorContext::Outcome Win32InitiatorContext::CallAsUser(const Bytes& message, SecBufferDesc* out) {
  if (!credentials_) credentials_.emplace(*initiator_);
  win32::InMessage in(message, channel_bindings_);
  ULONG attributes = 0;
  TimeStamp expiry{};
  const SECURITY_STATUS status =
      InitializeSecurityContextW(credentials_->get(), begun_ ? &handle_ : nullptr, target_.data(), request_,
                                 0, SECURITY_NATIVE_DREP, in.get(), 0, &handle_, out, &attributes, &expiry);
  // A first message that fails leaves no context; a later one leaves it to be deleted.
  if (status < 0) throw win32::SspiError(status, "InitializeSecurityContextW");
  begun_ = true;
  if (!win32::IsDone(status) && !win32::Continues(status))
    throw win32::SspiError(status, "InitializeSecurityContextW");
  win32::CompleteMessage(status, &handle_, out);
  return {status, attributes};
}

void Win32InitiatorContext::RequireProof(ULONG attributes) {
  // NTLM never proves it; the caller has accepted that.
  if (HasChosenNtlm()) {
    if (initiator_->allow_ntlm()) return;
    RefuseNtlm();
  }
  if ((attributes & ISC_RET_MUTUAL_AUTH) != 0) return;
  ThrowUnproven();
}

bool Win32InitiatorContext::HasChosenNtlm() {
  if (initiator_->package() != L"Negotiate") return false;
  SecPkgContext_NegotiationInfoW info{};
  const SECURITY_STATUS status = QueryContextAttributesW(&handle_, SECPKG_ATTR_NEGOTIATION_INFO, &info);
  if (status != SEC_E_OK) throw win32::SspiError(status, "QueryContextAttributesW");
  const std::unique_ptr<SecPkgInfoW, decltype(&FreeContextBuffer)> package(info.PackageInfo,
                                                                           &FreeContextBuffer);
  return package && win32::EqualIgnoringCase(package->Name, L"NTLM");
}

void Win32InitiatorContext::End() noexcept {
  if (begun_) DeleteSecurityContext(&handle_);
  credentials_.reset();
  token_.reset();
  begun_ = false;
  ended_ = true;
}

}  // namespace

std::shared_ptr<Initiator> NewInitiator(const InitiatorOptions& options) {
  const win32::AsProcess as_process;
  return std::make_shared<Win32Initiator>(options);
}

std::shared_ptr<InitiatorContext> NewInitiatorContext(std::shared_ptr<Initiator> initiator, TokenRef token,
                                                      InitiatorTarget target) {
  return std::make_shared<Win32InitiatorContext>(
      std::static_pointer_cast<Win32Initiator>(std::move(initiator)), std::move(token), target);
}

}  // namespace impersonate::port
