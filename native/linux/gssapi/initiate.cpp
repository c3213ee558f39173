#include "core/port/initiate.h"

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "core/error.h"
#include "linux/gssapi/credential.h"
#include "linux/gssapi/gssapi_library.h"
#include "linux/gssapi/initiator.h"
#include "linux/token/linux_token.h"

namespace impersonate::port {
namespace {

using linux_port::GssapiLibrary;
using linux_port::GssBuffer;
using linux_port::GssBytes;
using linux_port::GssCredential;
using linux_port::GssCredentialRef;
using linux_port::GssInitiator;
using linux_port::GssName;
using linux_port::LinuxToken;

constexpr const char* kInitiate = "gss_init_sec_context";

class LinuxInitiatorContext final : public InitiatorContext {
 public:
  LinuxInitiatorContext(std::shared_ptr<GssInitiator> initiator, TokenRef token, InitiatorTarget target)
      : initiator_(std::move(initiator)), token_(std::move(token)), target_(std::move(target)) {}
  ~LinuxInitiatorContext() override { End(); }

  InitiatorResult Step(const Bytes& message) override;

 private:
  InitiatorResult Initiate(const Bytes& message);
  // Throws if the context is not as the credential's principal.
  void RequirePrincipal() const;
  void End() noexcept;

  std::shared_ptr<GssInitiator> initiator_;
  TokenRef token_;
  InitiatorTarget target_;
  std::mutex busy_;  // held while a message is processed
  GssCredentialRef credential_;
  std::unique_ptr<GssName> name_;
  linux_port::GssContextHandle handle_ = nullptr;
  bool ended_ = false;
};

InitiatorResult LinuxInitiatorContext::Step(const Bytes& message) {
  const std::unique_lock<std::mutex> lock(busy_, std::try_to_lock);
  if (!lock) throw Error("ERR_HANDSHAKE_BUSY", "Another message of the handshake is being processed");
  if (ended_) throw Error("ERR_HANDSHAKE_CLOSED", "The handshake is closed");
  try {
    InitiatorResult result = Initiate(message);
    if (result.done) End();
    return result;
  } catch (...) {
    End();
    throw;
  }
}

InitiatorResult LinuxInitiatorContext::Initiate(const Bytes& message) {
  const GssapiLibrary& gss = GssapiLibrary::Get();
  if (!credential_) {
    name_ = linux_port::ServiceName(target_.name);
    credential_ = initiator_->CredentialOf(LinuxToken::From(*token_), target_.user);
  }
  linux_port::GssChannelBindings bindings;
  bindings.application_data = {target_.channel_bindings.size(), target_.channel_bindings.data()};
  GssBuffer input{message.size(), const_cast<unsigned char*>(message.data())};
  GssBytes output;
  const std::uint32_t wanted = linux_port::kGssMutual | linux_port::kGssReplay | linux_port::kGssSequence |
                               linux_port::kGssIntegrity | (target_.delegate ? linux_port::kGssDelegate : 0);
  std::uint32_t minor = 0, flags = 0;
  const std::uint32_t major = gss.init_sec_context(
      &minor, credential_->get(), &handle_, name_->get(), &linux_port::kKrb5Mechanism, wanted, 0,
      target_.channel_bindings.empty() ? nullptr : &bindings, &input, nullptr, output.out(), &flags, nullptr);
  if (linux_port::IsGssError(major)) throw linux_port::GssError(major, minor, kInitiate);
  InitiatorResult result{output.bytes(), major == linux_port::kGssComplete};
  if (!result.done) return result;
  if ((flags & linux_port::kGssMutual) == 0)
    throw Error("ERR_SERVER_UNPROVEN", "The server has ended the handshake without proving its identity");
  RequirePrincipal();
  return result;
}

void LinuxInitiatorContext::RequirePrincipal() const {
  GssName source;
  std::uint32_t minor = 0;
  const std::uint32_t major = GssapiLibrary::Get().inquire_context(
      &minor, handle_, source.out(), nullptr, nullptr, nullptr, nullptr, nullptr, nullptr);
  if (linux_port::IsGssError(major)) throw linux_port::GssError(major, minor, "gss_inquire_context");
  if (source.text() != credential_->principal())
    throw linux_port::NotDelegated("the context is of another principal");
}

void LinuxInitiatorContext::End() noexcept {
  std::uint32_t minor = 0;
  if (handle_ != nullptr) GssapiLibrary::Get().delete_sec_context(&minor, &handle_, nullptr);
  credential_.reset();
  token_.reset();
  ended_ = true;
}

}  // namespace

std::shared_ptr<Initiator> NewInitiator(const InitiatorOptions& options) {
  GssapiLibrary::Get();
  return std::make_shared<GssInitiator>(options);
}

std::shared_ptr<InitiatorContext> NewInitiatorContext(std::shared_ptr<Initiator> initiator, TokenRef token,
                                                      InitiatorTarget target) {
  return std::make_shared<LinuxInitiatorContext>(std::static_pointer_cast<GssInitiator>(std::move(initiator)),
                                                 std::move(token), std::move(target));
}

Delegation DelegationOf(const Token& token) {
  const LinuxToken& own = LinuxToken::From(token);
  if (own.credential())
    return own.credential()->is_constrained() ? Delegation::kConstrained : Delegation::kForwarded;
  return own.source() == LinuxToken::Source::kUser ? Delegation::kTransition : Delegation::kNone;
}

TokenRef WithCredential(const Token& token, std::shared_ptr<DelegatedCredential> credential) {
  return std::make_shared<LinuxToken>(LinuxToken::From(token),
                                      std::static_pointer_cast<const GssCredential>(std::move(credential)));
}

}  // namespace impersonate::port
