#include "napi/loop_wake.h"

namespace impersonate {

std::shared_ptr<LoopWake> LoopWake::Make(Napi::Env env, Called called) {
  uv_loop_t* loop = nullptr;
  NAPI_THROW_IF_FAILED(env, napi_get_uv_event_loop(env, &loop), nullptr);
  const std::shared_ptr<LoopWake> wake(new LoopWake(env, std::move(called)));
  const auto call = [](uv_async_t* handle) {
    const auto* self = static_cast<LoopWake*>(handle->data);
    const Napi::HandleScope scope(self->env_);
    self->called_(self->env_);
  };
  if (uv_async_init(loop, &wake->handle_, call) != 0) {
    throw Napi::Error::New(env, "the event loop cannot be woken by other threads");
  }
  wake->handle_.data = wake.get();
  wake->self_ = wake;
  uv_unref(reinterpret_cast<uv_handle_t*>(&wake->handle_));
  const auto close = [](napi_async_cleanup_hook_handle, void* data) {
    static_cast<LoopWake*>(data)->Close();
  };
  NAPI_THROW_IF_FAILED(env, napi_add_async_cleanup_hook(env, close, wake.get(), &wake->cleanup_), nullptr);
  return wake;
}

void LoopWake::KeepLoop(bool alive) noexcept {
  auto* const handle = reinterpret_cast<uv_handle_t*>(&handle_);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!open_) return;
  if (alive) {
    uv_ref(handle);
  } else {
    uv_unref(handle);
  }
}

void LoopWake::Wake() noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (open_) uv_async_send(&handle_);
}

void LoopWake::Close() noexcept {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_ = false;
  }
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_), [](uv_handle_t* handle) {
    const std::shared_ptr<LoopWake> self = std::move(static_cast<LoopWake*>(handle->data)->self_);
    napi_remove_async_cleanup_hook(self->cleanup_);
  });
}

}  // namespace impersonate
