#include "core/port/process.h"

#include <dlfcn.h>
#include <link.h>
#include <sys/auxv.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "core/error.h"
#include "linux/credentials/capabilities.h"
#include "linux/credentials/capability_drop.h"
#include "linux/credentials/process_credentials.h"
#include "linux/credentials/reserved_uid.h"

namespace {

// Read by other copies of the addon, on any thread. The string belongs to the dynamic linker and is never
// freed.
std::atomic<const char*> serving{nullptr};

}  // namespace

// Declared before it is defined: it has no declaration in a header, as other copies look it up by name.
extern "C" [[gnu::visibility("default")]] const char* impersonate_serving_copy() noexcept;
extern "C" const char* impersonate_serving_copy() noexcept { return serving.load(); }

namespace impersonate::port {
namespace {

struct Unload {
  void operator()(void* object) const noexcept { dlclose(object); }
};

// The string belongs to the dynamic linker.
const char* LinkerPath() noexcept {
  Dl_info own{};
  const bool known = dladdr(reinterpret_cast<void*>(&impersonate_serving_copy), &own) != 0;
  return known && own.dli_fname ? own.dli_fname : "(unknown)";
}

// The names of all loaded objects. They must be opened later, when the linker's list is not locked.
std::vector<std::string> LoadedObjects() {
  std::vector<std::string> names;
  dl_iterate_phdr(
      [](dl_phdr_info* object, std::size_t, void* list) {
        if (object->dlpi_name && *object->dlpi_name != '\0') {
          static_cast<std::vector<std::string>*>(list)->emplace_back(object->dlpi_name);
        }
        return 0;
      },
      &names);
  return names;
}

// The path that an object returns if it is another copy that serves the process; null otherwise.
const char* ServedBy(const std::string& name) {
  const std::unique_ptr<void, Unload> object(dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD));
  if (!object) return nullptr;
  const auto found = reinterpret_cast<ServingCopy>(dlsym(object.get(), kServingCopy));
  return found && found != &impersonate_serving_copy ? found() : nullptr;
}

// The libuv of Node 20 can pass file work to io_uring, which uses the identity of the thread that created the
// ring.
void RequireNoIoUring(unsigned node_major) {
  const char* setting = std::getenv("UV_USE_IO_URING");
  if (node_major > 20 || !setting || std::atoi(setting) == 0) return;
  throw Error("ERR_IO_URING",
              "UV_USE_IO_URING is set: on this version of Node file operations would not act as the user");
}

}  // namespace

const char* Name() noexcept { return "linux"; }

std::string OwnPath() { return LinkerPath(); }

bool IsSecureExecution() noexcept { return ::getauxval(AT_SECURE) != 0; }

void ClaimProcess() {
  // Set first, so that at least one of two copies that load at the same time finds the other.
  serving = LinkerPath();
  for (const std::string& name : LoadedObjects()) {
    if (const char* other = ServedBy(name)) {
      serving = nullptr;
      throw SecondCopyError(OwnPath(), other);
    }
  }
}

void Init(unsigned node_major) {
  RequireNoIoUring(node_major);
  linux_port::CheckReservedUidSetting();
  linux_port::StartCredentialsMonitor();
}

CredentialChange::CredentialChange() {
  std::unique_lock<std::shared_mutex> starts(linux_port::ThreadStartGate());
  if (!linux_port::ScopeGate().try_lock()) {
    throw Error("ERR_SCOPE_ACTIVE",
                "The process's credentials cannot change while a thread is inside an impersonation scope");
  }
  static_cast<void>(starts.release());
}

CredentialChange::~CredentialChange() {
  linux_port::CountCredentialChange();
  linux_port::ScopeGate().unlock();
  linux_port::ThreadStartGate().unlock();
}

void DropPrivileges(const std::vector<std::string>& keep) {
  std::uint64_t set = 0;
  for (const std::string& name : keep) set |= linux_port::CapabilityBit(name, "keep");
  linux_port::DropCapabilities(set);
}

}  // namespace impersonate::port
