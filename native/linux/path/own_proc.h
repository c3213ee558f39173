#pragma once

#include <string>

namespace impersonate::linux_port {

// The path of what the process has open under this descriptor.
inline std::string DescriptorPath(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

// What a symbolic link says, relative to an open directory; empty if it cannot be read.
std::string LinkText(int directory, const char* path);

// Whether the descriptor is of a file system of the kind that is mounted on /proc.
bool IsOnProc(int fd) noexcept;

// Whether the symbolic link, an entry of the directory, leads to what it says only for show: all of them in
// /proc but those in its root. Both are O_PATH descriptors.
bool IsMagicLink(int link, int directory) noexcept;

// Whether the descriptor is of something in /proc that belongs to this process or one of its threads, and
// that is not open to every other process; true if that cannot be found out. The answer holds for what is
// opened by way of an O_PATH descriptor: an entry stays that of the task that it was made for, and of no
// other.
bool IsOwnProcEntry(int fd);

}  // namespace impersonate::linux_port
