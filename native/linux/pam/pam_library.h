#pragma once

#include "core/error.h"

namespace impersonate::linux_port {

// Linux-PAM's documented interface, declared here so that neither the build nor the package needs its
// headers.
struct PamHandle;

struct PamMessage {
  int style;
  const char* text;
};

struct PamResponse {
  char* text;  // from malloc; PAM frees it
  int code;    // always 0
};

struct PamConversation {
  int (*answer)(int count, const PamMessage** messages, PamResponse** responses, void* data);
  void* data;
};

constexpr int kPamSuccess = 0;
constexpr int kPamBufError = 5;
constexpr int kPamAuthError = 7;
constexpr int kPamUserUnknown = 10;
constexpr int kPamConversationError = 19;

constexpr int kPamPromptEchoOff = 1;
constexpr int kPamErrorMessage = 3;
constexpr int kPamTextInfo = 4;

constexpr int kPamItemUser = 2;

constexpr int kPamDisallowNullPassword = 0x0001;
constexpr int kPamEstablishCredentials = 0x0002;
constexpr int kPamDeleteCredentials = 0x0004;
constexpr int kPamSilent = 0x8000;

struct PamLibrary {
  int (*start)(const char* service, const char* user, const PamConversation* conversation, PamHandle** out);
  int (*authenticate)(PamHandle* handle, int flags);
  int (*acct_mgmt)(PamHandle* handle, int flags);
  int (*setcred)(PamHandle* handle, int flags);
  int (*open_session)(PamHandle* handle, int flags);
  int (*close_session)(PamHandle* handle, int flags);
  // An array that ends with null; it and its texts are from malloc. Null if there is no memory.
  char** (*getenvlist)(PamHandle* handle);
  int (*get_item)(const PamHandle* handle, int item, const void** out);
  int (*end)(PamHandle* handle, int status);

  // The system's libpam.so.0, loaded by the first call and never unloaded. Throws
  // ERR_FEATURE_UNAVAILABLE_ON_PLATFORM if it is missing; the next call tries again.
  static const PamLibrary& Get();
};

// The failure of `syscall` with PAM's `number`: code PAM_AUTH_ERR and the like, and the number as errno. An
// unknown user is PAM_AUTH_ERR too, so that a failed logon does not reveal which users exist.
Error PamError(int number, const char* syscall);

}  // namespace impersonate::linux_port
