#include "napi/loop_guard.h"

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/port/token.h"
#include "core/scope_stack.h"
#include "napi/environment.h"

namespace impersonate {
namespace {

constexpr int kExitCode = 70;  // EX_SOFTWARE of sysexits.h

std::string Text(napi_env env, napi_value value) {
  std::size_t size = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &size) != napi_ok) return {};
  std::string text(size + 1, '\0');  // Node-API also writes a terminator
  napi_get_value_string_utf8(env, value, text.data(), text.size(), &size);
  text.resize(size);
  return text;
}

// Since Node 22, Node-API reports the termination of a script by its time-out as a null exception.
bool IsNull(napi_env env, napi_value thrown) {
  napi_valuetype type = napi_undefined;
  return thrown && napi_typeof(env, thrown, &type) == napi_ok && type == napi_null;
}

std::string UserOf(const Token& token) {
  try {
    return port::Describe(token).user.id;
  } catch (const Error&) {
    return "unknown";
  }
}

napi_value ToArray(napi_env env, const std::vector<ScopeStack::Open>& left) {
  napi_value array = nullptr;
  napi_create_array_with_length(env, 2 * left.size(), &array);
  std::uint32_t index = 0;
  for (const ScopeStack::Open& open : left) {
    const std::string user = UserOf(*open.token);
    napi_value scope = nullptr, name = nullptr;
    napi_create_uint32(env, open.scope, &scope);
    napi_create_string_utf8(env, user.data(), user.size(), &name);
    napi_set_element(env, array, index++, scope);
    napi_set_element(env, array, index++, name);
  }
  return array;
}

// The text of the describeLeak hook; empty if it fails for any reason.
std::string Describe(napi_env env, const char* where, const std::vector<ScopeStack::Open>& left) {
  napi_value undefined = nullptr, described = nullptr;
  napi_value arguments[] = {nullptr, ToArray(env, left)};
  napi_get_undefined(env, &undefined);
  napi_create_string_utf8(env, where, NAPI_AUTO_LENGTH, &arguments[0]);
  const napi_value hook = Environment::Of(env).describe_leak().Value();
  if (napi_call_function(env, undefined, hook, 2, arguments, &described) != napi_ok) return {};
  return Text(env, described);
}

}  // namespace

void ReportLeak(napi_env env, const char* where, const std::vector<ScopeStack::Open>& left) {
  napi_value thrown = nullptr;
  napi_get_and_clear_last_exception(env, &thrown);
  const Environment& environment = Environment::Of(env);
  if (environment.is_interruptible() && IsNull(env, thrown)) {
    napi_throw(env, thrown);
    return;
  }
  if (environment.RunsNoJavaScript()) return;
  ScopeStack::OfThread().LeaveAll();
  const std::string report = Describe(env, where, left);
  if (!report.empty()) Exit(report, kExitCode);
  Exit(std::string("ImpersonationError [ERR_SCOPE_LEAKED]: An impersonation scope was still open ") + where,
       kExitCode);
}

namespace {

// Lives from when an environment loads the addon until libuv has closed both handles.
class LoopGuard {
 public:
  explicit LoopGuard(Napi::Env env) : env_(env) {}

  void Start() {
    uv_loop_t* loop = nullptr;
    NAPI_THROW_IF_FAILED_VOID(env_, napi_get_uv_event_loop(env_, &loop));
    uv_prepare_init(loop, &prepare_);
    uv_check_init(loop, &check_);
    prepare_.data = check_.data = this;
    uv_prepare_start(&prepare_, [](uv_prepare_t* handle) { static_cast<LoopGuard*>(handle->data)->Check(); });
    uv_check_start(&check_, [](uv_check_t* handle) { static_cast<LoopGuard*>(handle->data)->Check(); });
    // The handles must not keep the process alive.
    uv_unref(reinterpret_cast<uv_handle_t*>(&prepare_));
    uv_unref(reinterpret_cast<uv_handle_t*>(&check_));
    NAPI_THROW_IF_FAILED_VOID(env_, napi_add_async_cleanup_hook(env_, &LoopGuard::Close, this, &cleanup_));
  }

 private:
  void Check() const {
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
