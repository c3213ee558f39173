#include "core/port/path.h"

// Windows needs no guard: its file system has no entries of processes, and lib/ passes absolute paths.
namespace impersonate::port {

GuardedPath::GuardedPath(const std::string& path, LastComponent) : path_(path) {}
GuardedPath::GuardedPath(const std::string& path, int, int) : path_(path) {}
GuardedPath::~GuardedPath() = default;

std::optional<int> AccessAsUser(const char*, int) noexcept { return std::nullopt; }

}  // namespace impersonate::port
