#include "core/port/negotiate.h"

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "core/error.h"
#include "win32/handle.h"
#include "win32/sspi/message.h"
#include "win32/sspi/sspi_error.h"
#include "win32/text.h"
#include "win32/thread/current_thread.h"
#include "win32/token/token_information.h"
#include "win32/token/win32_token.h"

namespace impersonate::port {
namespace {

// Credentials for incoming handshakes, freed with the object.
class Win32ServerCredentials final : public ServerCredentials {
 public:
  // Acquires the handle as the calling thread. Throws the errors of QuerySecurityPackageInfoW and
  // AcquireCredentialsHandleW.
  explicit Win32ServerCredentials(const ServerOptions& options);
  ~Win32ServerCredentials() override;

  // The system's parameters are not const, but are only read.
  CredHandle* get() const noexcept { return const_cast<CredHandle*>(&handle_); }
  bool allow_anonymous() const noexcept { return allow_anonymous_; }
  ExtendedProtection extended_protection() const noexcept { return extended_protection_; }
  // The maximum size of a message of the package, in bytes.
  ULONG max_message() const noexcept { return max_message_; }

 private:
  CredHandle handle_{};
  bool allow_anonymous_;
  ExtendedProtection extended_protection_;
  ULONG max_message_ = 0;
};

Win32ServerCredentials::Win32ServerCredentials(const ServerOptions& options)
    : allow_anonymous_(options.allow_anonymous), extended_protection_(options.extended_protection) {
  std::wstring package = win32::ToWide(options.package);
  std::wstring principal = win32::ToWide(options.principal);
  max_message_ = win32::MaxMessageOf(package);
  TimeStamp expiry{};
  const SECURITY_STATUS status =
      AcquireCredentialsHandleW(principal.empty() ? nullptr : principal.data(), package.data(),
                                SECPKG_CRED_INBOUND, nullptr, nullptr, nullptr, nullptr, &handle_, &expiry);
  if (status != SEC_E_OK) throw win32::SspiError(status, "AcquireCredentialsHandleW");
}

Win32ServerCredentials::~Win32ServerCredentials() { FreeCredentialsHandle(&handle_); }

// The client decides whether the server must prove its identity, and at which level the server may
// impersonate it. A request for mutual authentication would have no effect here. Without ASC_REQ_DELEGATE the
// client's permission to delegate may be lost.
constexpr ULONG kRequest =
    ASC_REQ_CONNECTION | ASC_REQ_DELEGATE | ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT;

// The system checks the client's channel bindings if it gets those of the connection. Without the flag it
// rejects clients that send none.
ULONG RequestFor(ExtendedProtection protection) {
  return protection == ExtendedProtection::kAllow ? kRequest | ASC_REQ_ALLOW_MISSING_BINDINGS : kRequest;
}

// A security context from the client's first message to its last. The system's context is deleted when the
// handshake ends, or with the object.
class Win32ServerContext final : public ServerContext {
 public:
  Win32ServerContext(std::shared_ptr<Win32ServerCredentials> credentials, const Bytes& channel_bindings);
  ~Win32ServerContext() override { End(); }

  HandshakeResult Accept(const Bytes& message) override;

 private:
  // Returns the system's status for the message, and writes the reply to `out`. Throws if the status is an
  // error.
  SECURITY_STATUS AcceptMessage(const Bytes& message, SecBufferDesc* out);
  TokenRef TokenOfClient();
  void End() noexcept;

  std::shared_ptr<Win32ServerCredentials> credentials_;
  Bytes channel_bindings_;
  // Held while a message is processed: SSPI does not allow one context on two threads.
  std::mutex busy_;
  CtxtHandle handle_{};
  bool begun_ = false;
  bool ended_ = false;
};

Win32ServerContext::Win32ServerContext(std::shared_ptr<Win32ServerCredentials> credentials,
                                       const Bytes& channel_bindings)
    : credentials_(std::move(credentials)) {
  if (credentials_->extended_protection() != ExtendedProtection::kOff)
    channel_bindings_ = win32::ChannelBindings(channel_bindings);
}

HandshakeResult Win32ServerContext::Accept(const Bytes& message) {
  const std::unique_lock<std::mutex> lock(busy_, std::try_to_lock);
  if (!lock) throw Error("ERR_HANDSHAKE_BUSY", "Another message of the handshake is being processed");
  if (ended_) throw Error("ERR_HANDSHAKE_CLOSED", "The handshake is closed");
  try {
    win32::OutMessage out(credentials_->max_message());
    const SECURITY_STATUS status = AcceptMessage(message, out.get());
    HandshakeResult result;
    result.reply = out.bytes();
    if (win32::Continues(status)) return result;
    result.token = TokenOfClient();
    result.done = true;
    End();
    return result;
  } catch (...) {
    End();
    throw;
  }
}

SECURITY_STATUS Win32ServerContext::AcceptMessage(const Bytes& message, SecBufferDesc* out) {
  const ExtendedProtection protection = credentials_->extended_protection();
  // The system checks nothing if it gets no bindings.
  if (protection == ExtendedProtection::kRequire && channel_bindings_.empty()) {
    throw Error("ERR_HANDSHAKE_REFUSED",
                "The client could not be authenticated: options.extendedProtection is 'require', and the "
                "connection has no channel bindings. It needs TLS that ends in this process");
  }
  win32::InMessage in(message, channel_bindings_);
  ULONG attributes = 0;
  TimeStamp expiry{};
  const SECURITY_STATUS status =
      AcceptSecurityContext(credentials_->get(), begun_ ? &handle_ : nullptr, in.get(),
                            channel_bindings_.empty() ? kRequest : RequestFor(protection),
                            SECURITY_NATIVE_DREP, &handle_, out, &attributes, &expiry);
  // A first message that fails leaves no context; a later one leaves it to be deleted.
  if (status < 0) throw win32::SspiError(status, "AcceptSecurityContext");
  begun_ = true;
  if (!win32::IsDone(status) && !win32::Continues(status))
    throw win32::SspiError(status, "AcceptSecurityContext");
  win32::CompleteMessage(status, &handle_, out);
  return status;
}

TokenRef Win32ServerContext::TokenOfClient() {
  void* token = nullptr;
  const SECURITY_STATUS status = QuerySecurityContextToken(&handle_, &token);
  if (status != SEC_E_OK) throw win32::SspiError(status, "QuerySecurityContextToken");
  const win32::UniqueHandle owned(token);
  if (!credentials_->allow_anonymous() && !win32::IsAuthenticated(token)) {
    throw Error("ERR_HANDSHAKE_ANONYMOUS", "The client is not authenticated: it is anonymous or a guest");
  }
  return win32::Win32Token::CopyOf(token, win32::LevelOf(token), false);
}

void Win32ServerContext::End() noexcept {
  if (begun_) DeleteSecurityContext(&handle_);
  begun_ = false;
  ended_ = true;
}

}  // namespace

std::shared_ptr<ServerCredentials> AcquireServerCredentials(const ServerOptions& options) {
  // As the process: inside a scope the server would get the user's credentials.
  const win32::AsProcess as_process;
  return std::make_shared<Win32ServerCredentials>(options);
}

std::shared_ptr<ServerContext> NewServerContext(std::shared_ptr<ServerCredentials> credentials,
                                                Bytes channel_bindings) {
  return std::make_shared<Win32ServerContext>(
      std::static_pointer_cast<Win32ServerCredentials>(std::move(credentials)), channel_bindings);
}

}  // namespace impersonate::port
