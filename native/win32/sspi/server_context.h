#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "core/port/negotiate.h"
#include "win32/sspi/server_credentials.h"
#include "win32/sspi/sspi.h"

namespace impersonate::win32 {

// A security context from the client's first leg to its last. The system's context is deleted as soon as it
// has served, with the object at the latest.
class Win32ServerContext final : public port::ServerContext {
 public:
  explicit Win32ServerContext(std::shared_ptr<Win32ServerCredentials> credentials)
      : credentials_(std::move(credentials)) {}
  ~Win32ServerContext() override { End(); }

  LegResult Accept(const std::vector<unsigned char>& leg) override;

 private:
  // What the system says of the leg; the reply is put into `out`. Throws for a failure.
  SECURITY_STATUS Ask(const std::vector<unsigned char>& leg, SecBufferDesc* out);
  TokenRef TokenOfClient();
  void End() noexcept;

  std::shared_ptr<Win32ServerCredentials> credentials_;
  // A leg under way: SSPI must not be asked about one context from two threads.
  std::mutex busy_;
  CtxtHandle handle_{};
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace impersonate::win32
