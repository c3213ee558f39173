#include "linux/errno_error.h"

#include <cerrno>
#include <system_error>

namespace impersonate::linux_port {
namespace {

// Not every C library that Node supports has strerrorname_np.
std::string NameOf(int number) {
  switch (number) {
    case EPERM:
      return "EPERM";
    case ENOENT:
      return "ENOENT";
    case EINTR:
      return "EINTR";
    case EIO:
      return "EIO";
    case EAGAIN:
      return "EAGAIN";
    case ENOMEM:
      return "ENOMEM";
    case EACCES:
      return "EACCES";
    case EFAULT:
      return "EFAULT";
    case EINVAL:
      return "EINVAL";
    case ENFILE:
      return "ENFILE";
    case EMFILE:
      return "EMFILE";
    case ERANGE:
      return "ERANGE";
    case ENOSYS:
      return "ENOSYS";
    default:
      return "E" + std::to_string(number);
  }
}

}  // namespace

Error ErrnoError(int number, const std::string& syscall) {
  const std::string name = NameOf(number);
  return Error(name, number, syscall, name + ": " + std::generic_category().message(number) + ", " + syscall);
}

}  // namespace impersonate::linux_port
