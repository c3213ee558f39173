#pragma once

#include <string>

namespace impersonate::linux_port {

// The path of what the process has open under this descriptor.
inline std::string DescriptorPath(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

// The text of a symbolic link, relative to an open directory; empty if it cannot be read.
std::string LinkText(int directory, const char* path);

// Whether the descriptor is of a file system of the kind that is mounted on /proc.
bool IsOnProc(int fd) noexcept;

// Whether the symbolic link, an entry of the directory, is a magic link, whose text does not decide where it
// leads: all links in /proc but those in its root. Both are O_PATH descriptors.
bool IsMagicLink(int link, int directory) noexcept;

// Whether the descriptor is of something in /proc that belongs to this process or one of its threads, and
// that is not open to every other process; true if that cannot be determined. The result holds for what is
// opened through an O_PATH descriptor: an entry remains that of the task for which it was made.
bool IsOwnProcEntry(int fd);

}  // namespace impersonate::linux_port
