#pragma once

#include <napi.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

namespace impersonate {

// Has a function called from an environment's event loop, for any thread that asks. It does not keep the loop
// alive, and nothing is called once the environment ends.
class LoopWake {
 public:
  using Called = std::function<void(Napi::Env)>;

  // On the environment's thread. Throws Napi::Error.
  static std::shared_ptr<LoopWake> Make(Napi::Env env, const char* name, Called called);

  // On any thread. Asking again before the call has begun is asking once.
  void Wake() noexcept;

 private:
  explicit LoopWake(Called called) : called_(std::move(called)) {}
  static void Call(napi_env env, napi_value, void* context, void*);
  static void Finalize(napi_env, void* data, void*);

  const Called called_;
  std::atomic<bool> asked_{false};
  std::mutex mutex_;  // for what follows: an environment that ends destroys the function
  napi_threadsafe_function function_ = nullptr;
};

}  // namespace impersonate
