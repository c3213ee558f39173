#include "linux/pam/pam_library.h"

#include <dlfcn.h>

#include <string>

#include "core/error.h"

namespace impersonate::linux_port {
namespace {

Error Missing() {
  // The text is thread-local.
  const char* const reason = ::dlerror();
  return Error(
      "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM",
      std::string(
          "Logons and sessions need Linux-PAM: install libpam0g and libpam-modules, or the packages of "
          "your distribution with Linux-PAM (") +
          (reason != nullptr ? reason : "libpam.so.0") + ")");
}

template <typename Function>
void Find(void* library, const char* name, Function& function) {
  void* const symbol = ::dlsym(library, name);
  if (symbol == nullptr) throw Missing();
  function = reinterpret_cast<Function>(symbol);
}

PamLibrary Load() {
  void* const library = ::dlopen("libpam.so.0", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw Missing();
  PamLibrary pam{};
  Find(library, "pam_start", pam.start);
  Find(library, "pam_authenticate", pam.authenticate);
  Find(library, "pam_acct_mgmt", pam.acct_mgmt);
  Find(library, "pam_setcred", pam.setcred);
  Find(library, "pam_open_session", pam.open_session);
  Find(library, "pam_close_session", pam.close_session);
  Find(library, "pam_getenvlist", pam.getenvlist);
  Find(library, "pam_get_item", pam.get_item);
  Find(library, "pam_end", pam.end);
  return pam;
}

struct PamErrorName {
  int number;
  const char* code;
  const char* text;
};

// Not the text of pam_strerror, which may come from a module, and in the language of the process.
constexpr PamErrorName kPamErrors[] = {
    {1, "PAM_OPEN_ERR", "a module could not be loaded"},
    {2, "PAM_SYMBOL_ERR", "a symbol is missing in a module"},
    {3, "PAM_SERVICE_ERR", "a module failed"},
    {4, "PAM_SYSTEM_ERR", "a call to the system failed"},
    {kPamBufError, "PAM_BUF_ERR", "out of memory"},
    {6, "PAM_PERM_DENIED", "permission denied"},
    {kPamAuthError, "PAM_AUTH_ERR", "unknown user or wrong password"},
    {8, "PAM_CRED_INSUFFICIENT", "the process may not read the password database"},
    {9, "PAM_AUTHINFO_UNAVAIL", "the authentication service is unavailable"},
    {11, "PAM_MAXTRIES", "too many attempts"},
    {12, "PAM_NEW_AUTHTOK_REQD", "the password has expired"},
    {13, "PAM_ACCT_EXPIRED", "the account has expired"},
    {14, "PAM_SESSION_ERR", "the session cannot be opened"},
    {15, "PAM_CRED_UNAVAIL", "the credentials are unavailable"},
    {16, "PAM_CRED_EXPIRED", "the credentials have expired"},
    {17, "PAM_CRED_ERR", "the credentials cannot be set"},
    {18, "PAM_NO_MODULE_DATA", "a module has lost its data"},
    {kPamConversationError, "PAM_CONV_ERR", "a module prompted for more than one password"},
    {20, "PAM_AUTHTOK_ERR", "the password cannot be used"},
    {24, "PAM_TRY_AGAIN", "try again"},
    {25, "PAM_IGNORE", "no module handles this service"},
    {26, "PAM_ABORT", "the configuration of the service cannot be applied"},
    {27, "PAM_AUTHTOK_EXPIRED", "the password has expired"},
    {28, "PAM_MODULE_UNKNOWN", "a module of the service is missing"},
    {29, "PAM_BAD_ITEM", "a module used PAM wrongly"},
    {31, "PAM_INCOMPLETE", "a module needs another call"},
};

Error PamFailure(const std::string& code, int number, const char* syscall, const std::string& text) {
  return Error(code, number, syscall, std::string(syscall) + " failed: " + code + ", " + text);
}

}  // namespace

const PamLibrary& PamLibrary::Get() {
  // One for the process. The initialization of a static makes other threads wait, and is retried by the next
  // one if it throws.
  static const PamLibrary library = Load();
  return library;
}

Error PamError(int number, const char* syscall) {
  if (number == kPamUserUnknown) number = kPamAuthError;
  for (const PamErrorName& name : kPamErrors) {
    if (name.number == number) return PamFailure(name.code, number, syscall, name.text);
  }
  return PamFailure("PAM_" + std::to_string(number), number, syscall, "see the documentation of its modules");
}

}  // namespace impersonate::linux_port
