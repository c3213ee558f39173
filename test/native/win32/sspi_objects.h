#pragma once

#include <windows.h>
// After windows.h.
#define SECURITY_WIN32
#include <security.h>

#include <exception>
#include <optional>
#include <string>

#include "object_table.h"
#include "users.h"

// What both sides of Integrated Authentication of the test authority have in common.
namespace seam {

constexpr size_t kMaxMessage = 12288;

struct Credentials {
  std::wstring package;
  bool outbound = false;
  // Negotiate without NTLM.
  bool without_ntlm = false;
};

struct Context {
  // The server's side: the authenticated client.
  std::optional<User> user;
  SECURITY_IMPERSONATION_LEVEL level = SecurityImpersonation;
  // The reply to the last message is not complete before CompleteAuthToken.
  bool incomplete = false;
  // The client's side: empty for a server.
  std::wstring target;
  std::wstring package;
};

// One table of each kind for the process; the callers hold pointers to the entries.
ObjectTable<Credentials>& AllCredentials();
ObjectTable<Context>& AllContexts();
ObjectTable<BYTE[]>& ContextBuffers();

template <typename Work>
SECURITY_STATUS AsSecurityStatus(Work work) noexcept {
  try {
    return work();
  } catch (const std::exception&) {
    return SEC_E_INTERNAL_ERROR;
  }
}

const void* PointerOf(const SecHandle* handle);
void PointTo(SecHandle* handle, const void* item);
// Null if the handle is null or no context's.
Context* FindContext(const SecHandle* handle);
void NeverExpires(PTimeStamp expiry);
// A copy that the caller releases with FreeContextBuffer.
void* NewContextBuffer(const void* from, size_t size);

// Null if there is no buffer of that type.
SecBuffer* FindBuffer(const SecBufferDesc* message, ULONG type);
// The bytes of SECBUFFER_CHANNEL_BINDINGS in hexadecimal; empty if there are none.
std::string ChannelBindingsOf(const SecBufferDesc* message);

// Writes the text to the buffer of the caller: ignores a request to allocate memory, like Wine's NTLM.
SECURITY_STATUS Reply(const std::string& text, const SecBufferDesc* out);
// The status for a message that CompleteAuthToken completes, and the message before that.
SECURITY_STATUS ToComplete(SECURITY_STATUS status);
void MakeIncomplete(std::string& reply);

}  // namespace seam
