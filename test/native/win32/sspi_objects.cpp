#include "sspi_objects.h"

#include <cctype>
#include <cstring>
#include <memory>

namespace seam {

ObjectTable<Credentials>& AllCredentials() {
  static ObjectTable<Credentials>& all = *new ObjectTable<Credentials>;
  return all;
}

ObjectTable<Context>& AllContexts() {
  static ObjectTable<Context>& all = *new ObjectTable<Context>;
  return all;
}

ObjectTable<BYTE[]>& ContextBuffers() {
  static ObjectTable<BYTE[]>& all = *new ObjectTable<BYTE[]>;
  return all;
}

const void* PointerOf(const SecHandle* handle) { return reinterpret_cast<const void*>(handle->dwLower); }

void PointTo(SecHandle* handle, const void* item) {
  handle->dwLower = reinterpret_cast<ULONG_PTR>(item);
  handle->dwUpper = 1;
}

Context* FindContext(const SecHandle* handle) {
  return handle ? AllContexts().Find(PointerOf(handle)) : nullptr;
}

void NeverExpires(PTimeStamp expiry) {
  if (expiry != nullptr) expiry->QuadPart = MAXLONGLONG;
}

void* NewContextBuffer(const void* from, size_t size) {
  auto buffer = std::make_unique<BYTE[]>(size);
  std::memcpy(buffer.get(), from, size);
  return ContextBuffers().Add(std::move(buffer));
}

SecBuffer* FindBuffer(const SecBufferDesc* message, ULONG type) {
  for (ULONG i = 0; message != nullptr && i < message->cBuffers; ++i) {
    if (message->pBuffers[i].BufferType == type) return &message->pBuffers[i];
  }
  return nullptr;
}

std::string ChannelBindingsOf(const SecBufferDesc* message) {
  const SecBuffer* const buffer = FindBuffer(message, SECBUFFER_CHANNEL_BINDINGS);
  std::string text;
  for (ULONG i = 0; buffer != nullptr && i < buffer->cbBuffer; ++i) {
    const BYTE byte = static_cast<const BYTE*>(buffer->pvBuffer)[i];
    for (const int digit : {byte >> 4, byte & 15}) text += "0123456789abcdef"[digit];
  }
  return text;
}

SECURITY_STATUS Reply(const std::string& text, const SecBufferDesc* out) {
  SecBuffer* const token = FindBuffer(out, SECBUFFER_TOKEN);
  if (token == nullptr) return SEC_E_INVALID_TOKEN;
  if (token->cbBuffer < text.size()) return SEC_E_BUFFER_TOO_SMALL;
  std::memcpy(token->pvBuffer, text.data(), text.size());
  token->cbBuffer = static_cast<ULONG>(text.size());
  return SEC_E_OK;
}

SECURITY_STATUS ToComplete(SECURITY_STATUS status) {
  return status == SEC_E_OK ? SEC_I_COMPLETE_NEEDED : SEC_I_COMPLETE_AND_CONTINUE;
}

void MakeIncomplete(std::string& reply) {
  for (char& letter : reply) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
}

}  // namespace seam
