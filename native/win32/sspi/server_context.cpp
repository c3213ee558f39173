#include "win32/sspi/server_context.h"

#include "core/error.h"
#include "win32/handle.h"
#include "win32/proven.h"
#include "win32/sspi/sspi_error.h"
#include "win32/token/token_information.h"
#include "win32/token/win32_token.h"

namespace impersonate::win32 {
namespace {

// The client decides whether the server must prove itself, and how far the server may act as it: asking for
// mutual authentication here would change nothing, and without ASC_REQ_DELEGATE a client's permission may get
// lost.
constexpr ULONG kRequest =
    ASC_REQ_CONNECTION | ASC_REQ_DELEGATE | ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT;

// A message to the client, of at most so many bytes. Not every package heeds ASC_REQ_ALLOCATE_MEMORY; this
// they all take.
class OutMessage {
 public:
  explicit OutMessage(ULONG most) : memory_(most), buffer_{most, SECBUFFER_TOKEN, memory_.data()} {}
  OutMessage(const OutMessage&) = delete;
  OutMessage& operator=(const OutMessage&) = delete;

  SecBufferDesc* get() noexcept { return &message_; }
  // What the system has written.
  std::vector<unsigned char> bytes() const {
    return std::vector<unsigned char>(memory_.data(), memory_.data() + buffer_.cbBuffer);
  }

 private:
  std::vector<unsigned char> memory_;
  SecBuffer buffer_;
  SecBufferDesc message_{SECBUFFER_VERSION, 1, &buffer_};
};

bool Completes(SECURITY_STATUS status) {
  return status == SEC_I_COMPLETE_NEEDED || status == SEC_I_COMPLETE_AND_CONTINUE;
}

bool GoesOn(SECURITY_STATUS status) {
  return status == SEC_I_CONTINUE_NEEDED || status == SEC_I_COMPLETE_AND_CONTINUE;
}

bool IsOver(SECURITY_STATUS status) { return status == SEC_E_OK || status == SEC_I_COMPLETE_NEEDED; }

}  // namespace

LegResult Win32ServerContext::Accept(const std::vector<unsigned char>& leg) {
  const std::unique_lock<std::mutex> lock(busy_, std::try_to_lock);
  if (!lock) throw Error("ERR_HANDSHAKE_BUSY", "Another leg of the handshake is under way");
  if (ended_) throw Error("ERR_HANDSHAKE_CLOSED", "The handshake is closed");
  try {
    OutMessage out(credentials_->max_message());
    const SECURITY_STATUS status = Ask(leg, out.get());
    LegResult result{out.bytes(), nullptr};
    if (GoesOn(status)) return result;
    result.token = TokenOfClient();
    End();
    return result;
  } catch (...) {
    End();
    throw;
  }
}

SECURITY_STATUS Win32ServerContext::Ask(const std::vector<unsigned char>& leg, SecBufferDesc* out) {
  // The system does not write to it.
  SecBuffer buffer{static_cast<ULONG>(leg.size()), SECBUFFER_TOKEN, const_cast<unsigned char*>(leg.data())};
  SecBufferDesc in{SECBUFFER_VERSION, 1, &buffer};
  ULONG attributes = 0;
  TimeStamp expiry{};
  const SECURITY_STATUS status =
      AcceptSecurityContext(credentials_->get(), begun_ ? &handle_ : nullptr, &in, kRequest,
                            SECURITY_NATIVE_DREP, &handle_, out, &attributes, &expiry);
  // A first leg that fails leaves no context; a later one leaves it to be deleted.
  if (status < 0) throw SspiError(status, "AcceptSecurityContext");
  begun_ = true;
  if (!IsOver(status) && !GoesOn(status)) throw SspiError(status, "AcceptSecurityContext");
  if (Completes(status)) {
    const SECURITY_STATUS completed = CompleteAuthToken(&handle_, out);
    if (completed != SEC_E_OK) throw SspiError(completed, "CompleteAuthToken");
  }
  return status;
}

TokenRef Win32ServerContext::TokenOfClient() {
  void* token = nullptr;
  const SECURITY_STATUS status = QuerySecurityContextToken(&handle_, &token);
  if (status != SEC_E_OK) throw SspiError(status, "QuerySecurityContextToken");
  const UniqueHandle owned(token);
  if (!credentials_->allow_anonymous() && !HasProvenIdentity(token)) {
    throw Error("ERR_HANDSHAKE_ANONYMOUS", "The client has proven no identity: it is anonymous, or a guest");
  }
  return Win32Token::CopyOf(token, LevelOf(token), false);
}

void Win32ServerContext::End() noexcept {
  if (begun_) DeleteSecurityContext(&handle_);
  begun_ = false;
  ended_ = true;
}

}  // namespace impersonate::win32
