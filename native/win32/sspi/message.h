#pragma once

#include <windows.h>

#include <string>

#include "core/port/negotiate.h"
#include "win32/sspi/sspi_error.h"

// What the calls of both sides of a handshake take and return.
namespace impersonate::win32 {

// The maximum size of a message of the package, in bytes (QuerySecurityPackageInfoW).
ULONG MaxMessageOf(std::wstring& package);

// A buffer for a message to the other side, of at most `most` bytes. Not every package allocates memory for
// it.
class OutMessage {
 public:
  explicit OutMessage(ULONG most) : memory_(most), buffer_{most, SECBUFFER_TOKEN, memory_.data()} {}
  OutMessage(const OutMessage&) = delete;
  OutMessage& operator=(const OutMessage&) = delete;

  SecBufferDesc* get() noexcept { return &message_; }
  // The bytes that the system has written.
  Bytes bytes() const { return Bytes(memory_.data(), memory_.data() + buffer_.cbBuffer); }

 private:
  Bytes memory_;
  SecBuffer buffer_;
  SecBufferDesc message_{SECBUFFER_VERSION, 1, &buffer_};
};

// The channel bindings of a connection, as the system takes them: SEC_CHANNEL_BINDINGS without addresses, and
// the application data after it. Empty for a connection without any.
Bytes ChannelBindings(const Bytes& application_data);

// A message from the other side, if it is not empty, and the connection's channel bindings, if they are not.
// Refers to both.
class InMessage {
 public:
  InMessage(const Bytes& message, const Bytes& channel_bindings);
  InMessage(const InMessage&) = delete;
  InMessage& operator=(const InMessage&) = delete;

  // Null without either.
  SecBufferDesc* get() noexcept { return message_.cBuffers > 0 ? &message_ : nullptr; }

 private:
  void Add(ULONG type, const Bytes& bytes);

  SecBuffer buffers_[2]{};
  SecBufferDesc message_{SECBUFFER_VERSION, 0, buffers_};
};

// Whether the handshake goes on after that status, and whether it has succeeded. Neither for an error.
bool Continues(SECURITY_STATUS status) noexcept;
bool IsDone(SECURITY_STATUS status) noexcept;

// Completes the message to the other side if the status of the call that made it demands that.
void CompleteMessage(SECURITY_STATUS status, CtxtHandle* context, SecBufferDesc* message);

}  // namespace impersonate::win32
