#include "linux/pam/pam_library.h"

#include <dlfcn.h>

#include <string>

#include "core/error.h"

namespace impersonate::linux_port {
namespace {

Error Missing() {
  // The calling thread's own text.
  const char* const reason = ::dlerror();
  return Error("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM",
               std::string("Logons need Linux-PAM: install libpam0g and libpam-modules, or what the system "
                           "calls them (") +
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
  Find(library, "pam_get_item", pam.get_item);
  Find(library, "pam_end", pam.end);
  return pam;
}

struct Name {
  int number;
  const char* code;
  const char* text;
};

// Our own text: pam_strerror's may be a module's, and in the language of the process.
constexpr Name kNames[] = {
    {1, "PAM_OPEN_ERR", "a module could not be loaded"},
    {2, "PAM_SYMBOL_ERR", "a module is not of PAM"},
    {3, "PAM_SERVICE_ERR", "a module failed"},
    {4, "PAM_SYSTEM_ERR", "a call to the system failed"},
    {kPamBufError, "PAM_BUF_ERR", "out of memory"},
    {6, "PAM_PERM_DENIED", "permission denied"},
    {kPamAuthError, "PAM_AUTH_ERR", "unknown user or wrong password"},
    {8, "PAM_CRED_INSUFFICIENT", "the process may not read what the password is compared with"},
    {9, "PAM_AUTHINFO_UNAVAIL", "what knows the password cannot be reached"},
    {11, "PAM_MAXTRIES", "too many attempts"},
    {12, "PAM_NEW_AUTHTOK_REQD", "the password has expired"},
    {13, "PAM_ACCT_EXPIRED", "the account has expired"},
    {14, "PAM_SESSION_ERR", "no session can be made"},
    {15, "PAM_CRED_UNAVAIL", "the credentials cannot be had"},
    {16, "PAM_CRED_EXPIRED", "the credentials have expired"},
    {17, "PAM_CRED_ERR", "the credentials cannot be set"},
    {18, "PAM_NO_MODULE_DATA", "a module has lost its data"},
    {kPamConversationError, "PAM_CONV_ERR", "more than one password was asked for"},
    {20, "PAM_AUTHTOK_ERR", "the password cannot be used"},
    {24, "PAM_TRY_AGAIN", "try again"},
    {25, "PAM_IGNORE", "no module answers for this service"},
    {26, "PAM_ABORT", "the service's rules cannot be followed"},
    {27, "PAM_AUTHTOK_EXPIRED", "the password has expired"},
    {28, "PAM_MODULE_UNKNOWN", "a module of the service is missing"},
    {29, "PAM_BAD_ITEM", "a module used PAM wrongly"},
    {31, "PAM_INCOMPLETE", "a module wants to be asked again"},
};

Error PamFailure(const std::string& code, int number, const char* syscall, const std::string& text) {
  return Error(code, number, syscall, std::string(syscall) + " refused: " + code + ", " + text);
}

}  // namespace

const PamLibrary& PamLibrary::Get() {
  // One for the process, as the loader counts its reference to the library once. The compiler's own lock
  // makes other threads wait, and lets the next one try if this throws.
  static const PamLibrary library = Load();
  return library;
}

Error PamError(int number, const char* syscall) {
  if (number == kPamUserUnknown) number = kPamAuthError;
  for (const Name& name : kNames) {
    if (name.number == number) return PamFailure(name.code, number, syscall, name.text);
  }
  return PamFailure("PAM_" + std::to_string(number), number, syscall, "see the documentation of its modules");
}

}  // namespace impersonate::linux_port
