#include "napi/loop_guard.h"

#include <uv.h>

#include <vector>

#include "core/scope_stack.h"
#include "napi/leak.h"

namespace impersonate {
namespace {

// Lives from the addon's load in an environment until libuv has closed both of its handles.
class LoopGuard {
 public:
  explicit LoopGuard(Napi::Env env) : env_(env) {}

  void Start() {
    uv_loop_t* loop = nullptr;
    NAPI_THROW_IF_FAILED_VOID(env_, napi_get_uv_event_loop(env_, &loop));
    uv_prepare_init(loop, &prepare_);
    uv_check_init(loop, &check_);
    prepare_.data = check_.data = this;
    uv_prepare_start(&prepare_, [](uv_prepare_t* handle) { static_cast<LoopGuard*>(handle->data)->Look(); });
    uv_check_start(&check_, [](uv_check_t* handle) { static_cast<LoopGuard*>(handle->data)->Look(); });
    // They watch; they do not keep the process alive.
    uv_unref(reinterpret_cast<uv_handle_t*>(&prepare_));
    uv_unref(reinterpret_cast<uv_handle_t*>(&check_));
    NAPI_THROW_IF_FAILED_VOID(env_, napi_add_async_cleanup_hook(env_, &LoopGuard::Close, this, &cleanup_));
  }

 private:
  void Look() const {
    ScopeStack& stack = ScopeStack::OfThread();
    if (stack.depth() == 0) return;
    const std::vector<ScopeStack::Open> left = stack.NotHeld();
    stack.LeaveAll();
    const Napi::HandleScope scope(env_);
    ReportLeak(env_, "when its callback had ended", left);
  }

  static void Close(napi_async_cleanup_hook_handle, void* data) {
    auto* guard = static_cast<LoopGuard*>(data);
    uv_close(reinterpret_cast<uv_handle_t*>(&guard->prepare_), &LoopGuard::Closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&guard->check_), &LoopGuard::Closed);
  }

  static void Closed(uv_handle_t* handle) {
    auto* guard = static_cast<LoopGuard*>(handle->data);
    if (++guard->closed_ < 2) return;
    napi_remove_async_cleanup_hook(guard->cleanup_);
    delete guard;
  }

  Napi::Env env_;
  uv_prepare_t prepare_{};
  uv_check_t check_{};
  napi_async_cleanup_hook_handle cleanup_ = nullptr;
  int closed_ = 0;
};

}  // namespace

void StartLoopGuard(Napi::Env env) { (new LoopGuard(env))->Start(); }

}  // namespace impersonate
