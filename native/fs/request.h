#pragma once

#include <uv.h>

#include <memory>
#include <string>
#include <utility>

#include "core/port/path.h"
#include "fs/call.h"

namespace impersonate::fs {

// libuv's record of one call. Without a callback the call is synchronous and needs no loop.
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

// Makes libuv's call. Stores its error in `call`, or lets `take` read its result before that is released.
template <typename Make, typename Take>
void Run(Call& call, Make make, Take take) {
  Request request;
  const int result = make(request.get());
  if (result < 0) {
    call.error = result;
  } else {
    take(request.get(), result);
  }
}

template <typename Make>
void Run(Call& call, Make make) {
  Run(call, make, [](uv_fs_t*, int) {});
}

// Calls `use` with the guarded path, or stores the error if the path cannot be guarded.
template <typename Use>
void WithPath(Call& call, port::LastComponent last, Use use) {
  const port::GuardedPath at(call.path, last);
  call.error = at.error();
  if (call.error == 0) use(at);
}

// Makes libuv's call with the guarded path instead of the original one.
template <typename Make, typename Take>
void RunAt(Call& call, port::LastComponent last, Make make, Take take) {
  WithPath(call, last, [&](const port::GuardedPath& at) {
    Run(call, [&](uv_fs_t* request) { return make(request, at.c_str()); }, take);
  });
}

template <typename Make>
void RunAt(Call& call, port::LastComponent last, Make make) {
  RunAt(call, last, make, [](uv_fs_t*, int) {});
}

template <typename Number>
Number As(std::int64_t value) {
  return static_cast<Number>(value);
}

}  // namespace impersonate::fs
