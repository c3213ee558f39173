#include "win32/sspi/message.h"

#include <cstring>

namespace impersonate::win32 {

ULONG MaxMessageOf(std::wstring& package) {
  SecPkgInfoW* info = nullptr;
  const SECURITY_STATUS status = QuerySecurityPackageInfoW(package.data(), &info);
  if (status != SEC_E_OK) throw SspiError(status, "QuerySecurityPackageInfoW");
  const ULONG size = info->cbMaxToken;
  FreeContextBuffer(info);
  return size;
}

Bytes ChannelBindings(const Bytes& application_data) {
  if (application_data.empty()) return {};
  SEC_CHANNEL_BINDINGS header{};
  header.cbApplicationDataLength = static_cast<ULONG>(application_data.size());
  header.dwApplicationDataOffset = sizeof header;
  Bytes bytes(sizeof header + application_data.size());
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + sizeof header, application_data.data(), application_data.size());
  return bytes;
}

InMessage::InMessage(const Bytes& message, const Bytes& channel_bindings) {
  Add(SECBUFFER_TOKEN, message);
  Add(SECBUFFER_CHANNEL_BINDINGS, channel_bindings);
}

void InMessage::Add(ULONG type, const Bytes& bytes) {
  if (bytes.empty()) return;
  // The system does not write to it.
  buffers_[message_.cBuffers++] = {static_cast<ULONG>(bytes.size()), type,
                                   const_cast<unsigned char*>(bytes.data())};
}

bool Continues(SECURITY_STATUS status) noexcept {
  return status == SEC_I_CONTINUE_NEEDED || status == SEC_I_COMPLETE_AND_CONTINUE;
}

bool IsDone(SECURITY_STATUS status) noexcept { return status == SEC_E_OK || status == SEC_I_COMPLETE_NEEDED; }

void CompleteMessage(SECURITY_STATUS status, CtxtHandle* context, SecBufferDesc* message) {
  if (status != SEC_I_COMPLETE_NEEDED && status != SEC_I_COMPLETE_AND_CONTINUE) return;
  const SECURITY_STATUS completed = CompleteAuthToken(context, message);
  if (completed != SEC_E_OK) throw SspiError(completed, "CompleteAuthToken");
}

}  // namespace impersonate::win32
