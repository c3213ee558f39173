#include "core/port/path.h"

// Windows has no entries of processes in its file system, and lib/ passes absolute paths: there is nothing to
// guard.
namespace impersonate::port {

GuardedPath::GuardedPath(const std::string& path, LastComponent) : path_(path) {}
GuardedPath::GuardedPath(const std::string& path, int, int) : path_(path) {}
GuardedPath::~GuardedPath() = default;

std::optional<int> AccessAsUser(const char*, int) noexcept { return std::nullopt; }

}  // namespace impersonate::port
