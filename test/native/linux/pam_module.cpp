// A module of PAM that writes each call to the file that is its first argument: the call, its flags, and the
// descriptors from 3 on that programs which this process executes would get. An opened session has a keyring
// with the name "impersonate-test".
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace {

constexpr int kSuccess = 0, kSilent = 0x8000, kHighest = 64;

int Write(const char* call, int flags, const char** arguments) {
  std::ostringstream line;
  line << call << ' ' << (flags & ~kSilent);
  for (int fd = 3; fd < kHighest; ++fd) {
    const int state = ::fcntl(fd, F_GETFD);
    if (state >= 0 && (state & FD_CLOEXEC) == 0) line << ' ' << fd;
  }
  std::ofstream(arguments[0], std::ios::app) << line.str() << '\n';
  return kSuccess;
}

}  // namespace

extern "C" {

int pam_sm_setcred(void* /*handle*/, int flags, int /*count*/, const char** arguments) {
  return Write("setcred", flags, arguments);
}

int pam_sm_open_session(void* /*handle*/, int flags, int /*count*/, const char** arguments) {
  ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "impersonate-test");
  return Write("open_session", flags, arguments);
}

int pam_sm_close_session(void* /*handle*/, int flags, int /*count*/, const char** arguments) {
  return Write("close_session", flags, arguments);
}
}
