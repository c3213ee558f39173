#include <dlfcn.h>
#include <link.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "core/copy.h"
#include "core/port.h"

namespace {

// Read by other copies of the addon, on any thread. The path is the dynamic linker's, and lives as long as
// it.
std::atomic<const char*> serving{nullptr};

}  // namespace

// Declared before it is defined, as a function that others look up has no other declaration.
extern "C" [[gnu::visibility("default")]] const char* impersonate_serving_copy() noexcept;
extern "C" const char* impersonate_serving_copy() noexcept { return serving.load(); }

namespace impersonate::port {
namespace {

struct Unload {
  void operator()(void* object) const noexcept { dlclose(object); }
};

const char* OwnPath() noexcept {
  Dl_info own{};
  const bool known = dladdr(reinterpret_cast<void*>(&impersonate_serving_copy), &own) != 0;
  return known && own.dli_fname ? own.dli_fname : "(unknown)";
}

// The names of all loaded objects. They are opened afterwards: not while the linker's list is locked.
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

// The path that an object answers with if it is another copy that serves the process; null otherwise.
const char* ServedBy(const std::string& name) {
  const std::unique_ptr<void, Unload> object(dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD));
  if (!object) return nullptr;
  const auto found = reinterpret_cast<ServingCopy>(dlsym(object.get(), kServingCopy));
  return found && found != &impersonate_serving_copy ? found() : nullptr;
}

}  // namespace

void ClaimProcess() {
  // First, so that of two copies that are loaded at once at least one sees the other.
  serving = OwnPath();
  for (const std::string& name : LoadedObjects()) {
    if (const char* other = ServedBy(name)) {
      serving = nullptr;
      throw SecondCopyError(OwnPath(), other);
    }
  }
}

}  // namespace impersonate::port
