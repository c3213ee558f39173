#include "core/port/negotiate.h"

#include <utility>

#include "win32/sspi/server_context.h"
#include "win32/sspi/server_credentials.h"
#include "win32/thread/current_thread.h"

namespace impersonate::port {

std::shared_ptr<ServerCredentials> AcquireServerCredentials(const std::string& package,
                                                            const std::string& principal,
                                                            bool allow_anonymous) {
  // The user of a scope would prove the server's identity with his own.
  const win32::AsProcess as_process;
  return std::make_shared<win32::Win32ServerCredentials>(package, principal, allow_anonymous);
}

std::shared_ptr<ServerContext> NewServerContext(std::shared_ptr<ServerCredentials> credentials) {
  return std::make_shared<win32::Win32ServerContext>(
      std::static_pointer_cast<win32::Win32ServerCredentials>(std::move(credentials)));
}

}  // namespace impersonate::port
