#pragma once

#include <string>

namespace impersonate::linux_port {

// The path in /proc of the process's open descriptor.
inline std::string DescriptorPath(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

// The text of a symbolic link, relative to an open directory; empty if it cannot be read.
std::string LinkText(int directory, const char* path);

// Whether the descriptor is on a proc file system.
bool IsOnProc(int fd) noexcept;

// Whether the symbolic link, an entry of the directory, is a magic link, which the kernel does not follow by
// its text: all links in /proc except those in its root. Both are O_PATH descriptors.
bool IsMagicLink(int link, int directory) noexcept;

// Whether the descriptor is an entry in /proc of this process or one of its threads that not every process
// may open; true if that cannot be determined. With an O_PATH descriptor the result stays valid for an open
// through it: an entry always belongs to the same task.
bool IsOwnProcEntry(int fd);

}  // namespace impersonate::linux_port
