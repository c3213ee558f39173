#include "napi/loop_wake.h"

#include <utility>

namespace impersonate {

std::shared_ptr<LoopWake> LoopWake::Make(Napi::Env env, const char* name, Called called) {
  const std::shared_ptr<LoopWake> wake(new LoopWake(std::move(called)));
  // Until it is finalized the function holds on to it.
  auto kept = std::make_unique<std::shared_ptr<LoopWake>>(wake);
  NAPI_THROW_IF_FAILED(
      env,
      napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, name), 0, 1, kept.get(),
                                      &LoopWake::Finalize, wake.get(), &LoopWake::Call, &wake->function_),
      wake);
  static_cast<void>(kept.release());
  NAPI_THROW_IF_FAILED(env, napi_unref_threadsafe_function(env, wake->function_), wake);
  return wake;
}

void LoopWake::Wake() noexcept {
  if (asked_.exchange(true)) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (function_) napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking);
}

void LoopWake::Call(napi_env raw, napi_value, void* context, void*) {
  if (raw == nullptr) return;  // the environment is ending
  auto* const wake = static_cast<LoopWake*>(context);
  wake->asked_ = false;
  const Napi::Env env(raw);
  const Napi::HandleScope scope(env);
  wake->called_(env);
}

void LoopWake::Finalize(napi_env, void* data, void*) {
  const std::unique_ptr<std::shared_ptr<LoopWake>> kept(static_cast<std::shared_ptr<LoopWake>*>(data));
  const std::lock_guard<std::mutex> lock((*kept)->mutex_);
  (*kept)->function_ = nullptr;
}

}  // namespace impersonate
