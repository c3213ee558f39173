#include "core/port/negotiate.h"

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "linux/gssapi/credential.h"
#include "linux/gssapi/gssapi_library.h"

namespace impersonate::port {
namespace {

using linux_port::GssapiLibrary;
using linux_port::GssBuffer;
using linux_port::GssBytes;
using linux_port::GssCredential;
using linux_port::GssCredentialHandle;
using linux_port::GssName;

constexpr const char* kAccept = "gss_accept_sec_context";

Error Refused(const std::string& reason, int number = 0) {
  return Error("ERR_HANDSHAKE_REFUSED", number, kAccept, "The client could not be authenticated: " + reason);
}

// A server's keytab, and the tickets of its account for constrained delegation.
class LinuxServerCredentials final : public ServerCredentials {
 public:
  explicit LinuxServerCredentials(const ServerOptions& options) : options_(options) {}

  const ServerOptions& options() const noexcept { return options_; }
  const linux_port::MemoryCache& cache() const noexcept { return cache_; }

 private:
  ServerOptions options_;
  linux_port::MemoryCache cache_;
};

// A credential to accept with, for one handshake: the library lets one context at a time use a credential.
class AcceptorCredential final {
 public:
  explicit AcceptorCredential(const LinuxServerCredentials& server);
  ~AcceptorCredential() {
    std::uint32_t minor = 0;
    GssapiLibrary::Get().release_cred(&minor, &handle_);
  }
  AcceptorCredential(const AcceptorCredential&) = delete;
  AcceptorCredential& operator=(const AcceptorCredential&) = delete;

  GssCredentialHandle get() const noexcept { return handle_; }

 private:
  GssCredentialHandle handle_ = nullptr;
};

AcceptorCredential::AcceptorCredential(const LinuxServerCredentials& server) {
  const GssapiLibrary& gss = GssapiLibrary::Get();
  const ServerOptions& options = server.options();
  std::vector<linux_port::GssStoreElement> elements;
  if (!options.keytab.empty()) elements.push_back({"keytab", options.keytab.c_str()});
  if (options.constrained_delegation) {
    elements.push_back({"client_keytab", options.keytab.c_str()});
    elements.push_back({"ccache", server.cache().name().c_str()});
  }
  const linux_port::GssStore store{static_cast<std::uint32_t>(elements.size()), elements.data()};
  linux_port::GssOidSet kerberos{1, &linux_port::kKrb5Mechanism};
  std::uint32_t minor = 0;
  const std::uint32_t major =
      gss.acquire_cred_from(&minor, nullptr, linux_port::kGssIndefinite, &kerberos,
                            options.constrained_delegation ? linux_port::kGssBoth : linux_port::kGssAccept,
                            elements.empty() ? nullptr : &store, &handle_, nullptr, nullptr);
  if (!linux_port::IsGssError(major)) return;
  throw Refused("gss_acquire_cred_from: " + linux_port::GssText(major, minor), static_cast<int>(minor));
}

// The context of one client. It accepts a single message: Kerberos needs no second one.
class LinuxServerContext final : public ServerContext {
 public:
  LinuxServerContext(std::shared_ptr<LinuxServerCredentials> credentials, Bytes channel_bindings)
      : credentials_(std::move(credentials)), channel_bindings_(std::move(channel_bindings)) {}
  ~LinuxServerContext() override {
    std::uint32_t minor = 0;
    if (handle_ != nullptr) GssapiLibrary::Get().delete_sec_context(&minor, &handle_, nullptr);
  }

  HandshakeResult Accept(const Bytes& message) override;

 private:
  HandshakeResult Establish(const Bytes& message);
  void ReadNames(HandshakeResult& result);

  std::shared_ptr<LinuxServerCredentials> credentials_;
  Bytes channel_bindings_;
  std::mutex busy_;  // held while a message is processed
  linux_port::GssContextHandle handle_ = nullptr;
  bool ended_ = false;
};

HandshakeResult LinuxServerContext::Accept(const Bytes& message) {
  const std::unique_lock<std::mutex> lock(busy_, std::try_to_lock);
  if (!lock) throw Error("ERR_HANDSHAKE_BUSY", "Another message of the handshake is being processed");
  if (ended_) throw Error("ERR_HANDSHAKE_CLOSED", "The handshake is closed");
  ended_ = true;
  return Establish(message);
}

HandshakeResult LinuxServerContext::Establish(const Bytes& message) {
  const GssapiLibrary& gss = GssapiLibrary::Get();
  const ServerOptions& options = credentials_->options();
  const bool protects = options.extended_protection != ExtendedProtection::kOff;
  const bool requires_bindings = options.extended_protection == ExtendedProtection::kRequire;
  if (requires_bindings && channel_bindings_.empty()) {
    throw Refused(
        "options.extendedProtection is 'require', and the connection has no TLS channel to bind to");
  }
  const AcceptorCredential credential(*credentials_);
  linux_port::GssChannelBindings bindings;
  bindings.application_data = {channel_bindings_.size(), channel_bindings_.data()};
  GssBuffer input{message.size(), const_cast<unsigned char*>(message.data())};
  GssBytes reply;
  linux_port::GssOid* mechanism = nullptr;
  GssCredentialHandle delegated = nullptr;
  std::uint32_t minor = 0, flags = 0;
  const std::uint32_t major =
      gss.accept_sec_context(&minor, &handle_, credential.get(), &input,
                             protects && !channel_bindings_.empty() ? &bindings : nullptr, nullptr,
                             &mechanism, reply.out(), &flags, nullptr, &delegated);
  HandshakeResult result;
  if (delegated != nullptr) result.credential = std::make_shared<GssCredential>(delegated);
  if (linux_port::IsGssError(major)) {
    throw Refused(linux_port::GssText(major, minor), static_cast<int>(minor));
  }
  if (major != linux_port::kGssComplete) throw Refused("the first message does not complete the handshake");
  if (!linux_port::SameOid(mechanism, linux_port::kKrb5Mechanism)) throw Refused("it did not use Kerberos");
  if (requires_bindings && (flags & linux_port::kGssChannelBound) == 0) {
    throw Refused(
        "options.extendedProtection is 'require', and the client has sent no bindings of its TLS channel");
  }
  result.reply = reply.bytes();
  ReadNames(result);
  result.done = true;
  return result;
}

// The acceptor's name is that of the key which decrypted the ticket, as the credential has none; if several
// names have the same key, it is the first of the keytab.
void LinuxServerContext::ReadNames(HandshakeResult& result) {
  GssName client, server;
  std::uint32_t minor = 0;
  int open = 0;
  const std::uint32_t major = GssapiLibrary::Get().inquire_context(
      &minor, handle_, client.out(), server.out(), nullptr, nullptr, nullptr, nullptr, &open);
  if (linux_port::IsGssError(major)) throw linux_port::GssError(major, minor, "gss_inquire_context");
  if (open == 0) throw Refused("the first message does not complete the handshake");
  result.client = client.text();
  result.server = server.text();
}

}  // namespace

std::shared_ptr<ServerCredentials> AcquireServerCredentials(const ServerOptions& options) {
  GssapiLibrary::Get();
  return std::make_shared<LinuxServerCredentials>(options);
}

std::shared_ptr<ServerContext> NewServerContext(std::shared_ptr<ServerCredentials> credentials,
                                                Bytes channel_bindings) {
  return std::make_shared<LinuxServerContext>(
      std::static_pointer_cast<LinuxServerCredentials>(std::move(credentials)), std::move(channel_bindings));
}

}  // namespace impersonate::port
