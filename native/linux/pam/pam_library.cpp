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

}  // namespace

const PamLibrary& PamLibrary::Get() {
  // One for the process, since the loader counts the library once for it. The compiler's own lock makes the
  // others wait, and lets the next one try where this throws.
  static const PamLibrary library = Load();
  return library;
}

}  // namespace impersonate::linux_port
