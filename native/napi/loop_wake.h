#pragma once

#include <napi.h>
#include <uv.h>

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace impersonate {

// Calls a function from an environment's event loop, outside of every async context, at the request of any
// thread. It does not keep the loop alive by itself, and calls nothing once the environment ends.
class LoopWake {
 public:
  using Called = std::function<void(Napi::Env)>;

  // On the environment's thread. `called` may leave no exception pending. Throws Napi::Error.
  static std::shared_ptr<LoopWake> Make(Napi::Env env, Called called);

  LoopWake(const LoopWake&) = delete;
  LoopWake& operator=(const LoopWake&) = delete;

  // On the environment's thread: whether the handle keeps the loop alive.
  void KeepLoop(bool alive) noexcept;

  // On any thread. Several requests before the call begins result in one call.
  void Wake() noexcept;

 private:
  LoopWake(Napi::Env env, Called called) : env_(env), called_(std::move(called)) {}
  void Close() noexcept;

  const Napi::Env env_;
  const Called called_;
  std::shared_ptr<LoopWake> self_;  // until libuv has closed the handle
  napi_async_cleanup_hook_handle cleanup_ = nullptr;
  std::mutex mutex_;  // for what follows
  bool open_ = true;
  uv_async_t handle_{};
};

}  // namespace impersonate
