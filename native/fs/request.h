#pragma once

#include <uv.h>

namespace impersonate::fs {

// libuv's record of one call, which without a callback is over when it returns. The loop is not needed then.
class Request {
 public:
  Request() = default;
  ~Request() { uv_fs_req_cleanup(&request_); }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  uv_fs_t* get() noexcept { return &request_; }

 private:
  uv_fs_t request_{};
};

}  // namespace impersonate::fs
