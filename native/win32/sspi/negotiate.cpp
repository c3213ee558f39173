#include "core/port/negotiate.h"

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "win32/handle.h"
#include "win32/sspi/sspi_error.h"
#include "win32/text.h"
#include "win32/thread/current_thread.h"
#include "win32/token/token_information.h"
#include "win32/token/win32_token.h"

namespace impersonate::port {
namespace {

ULONG MaxMessageOf(std::wstring& package) {
  SecPkgInfoW* info = nullptr;
  const SECURITY_STATUS status = QuerySecurityPackageInfoW(package.data(), &info);
  if (status != SEC_E_OK) throw win32::SspiError(status, "QuerySecurityPackageInfoW");
  const ULONG size = info->cbMaxToken;
  FreeContextBuffer(info);
  return size;
}

// Credentials for incoming handshakes, freed with the object.
class Win32ServerCredentials final : public ServerCredentials {
 public:
  // Acquires the handle as the calling thread. Throws the errors of QuerySecurityPackageInfoW and
  // AcquireCredentialsHandleW.
  Win32ServerCredentials(const std::string& package, const std::string& principal, bool allow_anonymous);
  ~Win32ServerCredentials() override;

  // The system's parameters are not const, but are only read.
  CredHandle* get() const noexcept { return const_cast<CredHandle*>(&handle_); }
  bool allow_anonymous() const noexcept { return allow_anonymous_; }
  // The maximum size of a message of the package, in bytes.
  ULONG max_message() const noexcept { return max_message_; }

 private:
  CredHandle handle_{};
  bool allow_anonymous_;
  ULONG max_message_ = 0;
};

Win32ServerCredentials::Win32ServerCredentials(const std::string& package, const std::string& principal,
                                               bool allow_anonymous)
    : allow_anonymous_(allow_anonymous) {
  std::wstring package_name = win32::ToWide(package);
  std::wstring principal_name = win32::ToWide(principal);
  max_message_ = MaxMessageOf(package_name);
  TimeStamp expiry{};
  const SECURITY_STATUS status =
      AcquireCredentialsHandleW(principal.empty() ? nullptr : principal_name.data(), package_name.data(),
                                SECPKG_CRED_INBOUND, nullptr, nullptr, nullptr, nullptr, &handle_, &expiry);
  if (status != SEC_E_OK) throw win32::SspiError(status, "AcquireCredentialsHandleW");
}

Win32ServerCredentials::~Win32ServerCredentials() { FreeCredentialsHandle(&handle_); }

// The client decides whether the server must prove its identity, and at which level the server may
// impersonate it. A request for mutual authentication would have no effect here. Without ASC_REQ_DELEGATE the
// client's permission to delegate may be lost.
constexpr ULONG kRequest =
    ASC_REQ_CONNECTION | ASC_REQ_DELEGATE | ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT;

// A buffer for a message to the client, of at most `most` bytes. Not every package supports
// ASC_REQ_ALLOCATE_MEMORY.
class OutMessage {
 public:
  explicit OutMessage(ULONG most) : memory_(most), buffer_{most, SECBUFFER_TOKEN, memory_.data()} {}
  OutMessage(const OutMessage&) = delete;
  OutMessage& operator=(const OutMessage&) = delete;

  SecBufferDesc* get() noexcept { return &message_; }
  // The bytes that the system has written.
  std::vector<unsigned char> bytes() const {
    return std::vector<unsigned char>(memory_.data(), memory_.data() + buffer_.cbBuffer);
  }

 private:
  std::vector<unsigned char> memory_;
  SecBuffer buffer_;
  SecBufferDesc message_{SECBUFFER_VERSION, 1, &buffer_};
};

bool NeedsCompletion(SECURITY_STATUS status) {
  return status == SEC_I_COMPLETE_NEEDED || status == SEC_I_COMPLETE_AND_CONTINUE;
}

bool Continues(SECURITY_STATUS status) {
  return status == SEC_I_CONTINUE_NEEDED || status == SEC_I_COMPLETE_AND_CONTINUE;
}

bool IsDone(SECURITY_STATUS status) { return status == SEC_E_OK || status == SEC_I_COMPLETE_NEEDED; }

// A security context from the client's first message to its last. The system's context is deleted when the
// handshake ends, or with the object.
class Win32ServerContext final : public ServerContext {
 public:
  explicit Win32ServerContext(std::shared_ptr<Win32ServerCredentials> credentials)
      : credentials_(std::move(credentials)) {}
  ~Win32ServerContext() override { End(); }

  HandshakeResult Accept(const std::vector<unsigned char>& message) override;

 private:
  // Returns the system's status for the message, and writes the reply to `out`. Throws if the status is an
  // error.
  SECURITY_STATUS AcceptMessage(const std::vector<unsigned char>& message, SecBufferDesc* out);
  TokenRef TokenOfClient();
  void End() noexcept;

  std::shared_ptr<Win32ServerCredentials> credentials_;
  // Held while a message is processed: SSPI does not allow one context on two threads.
  std::mutex busy_;
  CtxtHandle handle_{};
  bool begun_ = false;
  bool ended_ = false;
};

HandshakeResult Win32ServerContext::Accept(const std::vector<unsigned char>& message) {
  const std::unique_lock<std::mutex> lock(busy_, std::try_to_lock);
  if (!lock) throw Error("ERR_HANDSHAKE_BUSY", "Another message of the handshake is being processed");
  if (ended_) throw Error("ERR_HANDSHAKE_CLOSED", "The handshake is closed");
  try {
    OutMessage out(credentials_->max_message());
    const SECURITY_STATUS status = AcceptMessage(message, out.get());
    HandshakeResult result{out.bytes(), nullptr};
    if (Continues(status)) return result;
    result.token = TokenOfClient();
    End();
    return result;
  } catch (...) {
    End();
    throw;
  }
}

SECURITY_STATUS Win32ServerContext::AcceptMessage(const std::vector<unsigned char>& message,
                                                  SecBufferDesc* out) {
  // The system does not write to it.
  SecBuffer buffer{static_cast<ULONG>(message.size()), SECBUFFER_TOKEN,
                   const_cast<unsigned char*>(message.data())};
  SecBufferDesc in{SECBUFFER_VERSION, 1, &buffer};
  ULONG attributes = 0;
  TimeStamp expiry{};
  const SECURITY_STATUS status =
      AcceptSecurityContext(credentials_->get(), begun_ ? &handle_ : nullptr, &in, kRequest,
                            SECURITY_NATIVE_DREP, &handle_, out, &attributes, &expiry);
  // A first message that fails leaves no context; a later one leaves it to be deleted.
  if (status < 0) throw win32::SspiError(status, "AcceptSecurityContext");
  begun_ = true;
  if (!IsDone(status) && !Continues(status)) throw win32::SspiError(status, "AcceptSecurityContext");
  if (NeedsCompletion(status)) {
    const SECURITY_STATUS completed = CompleteAuthToken(&handle_, out);
    if (completed != SEC_E_OK) throw win32::SspiError(completed, "CompleteAuthToken");
  }
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

std::shared_ptr<ServerCredentials> AcquireServerCredentials(const std::string& package,
                                                            const std::string& principal,
                                                            bool allow_anonymous) {
  // As the process: inside a scope the server would get the user's credentials.
  const win32::AsProcess as_process;
  return std::make_shared<Win32ServerCredentials>(package, principal, allow_anonymous);
}

std::shared_ptr<ServerContext> NewServerContext(std::shared_ptr<ServerCredentials> credentials) {
  return std::make_shared<Win32ServerContext>(
      std::static_pointer_cast<Win32ServerCredentials>(std::move(credentials)));
}

}  // namespace impersonate::port
