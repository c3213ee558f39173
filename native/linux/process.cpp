#include <sys/auxv.h>

#include <cerrno>
#include <cstdlib>
#include <shared_mutex>

#include "core/error.h"
#include "core/port.h"
#include "linux/credentials/credentials.h"
#include "linux/credentials/process_credentials.h"
#include "linux/credentials/reserved_uid.h"
#include "linux/credentials/scope_gate.h"
#include "linux/errno_error.h"

namespace impersonate::port {
namespace {

// Node 20's libuv hands file work to a kernel ring, which acts with the identity of whoever set it up.
void RefuseIoUring(unsigned node_major) {
  const char* setting = std::getenv("UV_USE_IO_URING");
  if (node_major > 20 || !setting || std::atoi(setting) == 0) return;
  throw Error("ERR_IO_URING",
              "UV_USE_IO_URING is set: on this version of Node file operations would not act as the user");
}

}  // namespace

const char* Name() noexcept { return "linux"; }

bool IsSecureExecution() noexcept { return ::getauxval(AT_SECURE) != 0; }

void Init(unsigned node_major) {
  RefuseIoUring(node_major);
  linux_port::CheckReservedUidSetting();
  linux_port::StartProcessWitness();
}

void InitThread() {
  const std::shared_lock<std::shared_mutex> gate(linux_port::ThreadStartGate());
  linux_port::Credentials thread;
  linux_port::ReadCredentials(thread);
  const linux_port::Credentials process = linux_port::ProcessCredentials();
  if (thread == process) return;
  // Born while its creator impersonated.
  if (const char* failed = linux_port::WriteCredentials(process)) throw linux_port::ErrnoError(errno, failed);
  linux_port::ReadCredentials(thread);
  if (thread != process) {
    throw Error("ERR_IMPERSONATION_MISMATCH",
                "This thread was born as a user and cannot be made the process's");
  }
}

}  // namespace impersonate::port
