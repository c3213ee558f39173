#include <napi.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/scope_stack.h"
#include "core/token_table.h"
#include "napi/environment.h"
#include "napi/error_bridge.h"
#include "napi/exports.h"
#include "napi/loop_guard.h"

// Plain Node-API without its C++ wrapper: these functions determine the cost of a token switch, and no C++
// exception may skip the leaving of a scope.
namespace impersonate {
namespace {

// The arguments of a call, on the stack for the usual few.
class CallArguments {
 public:
  CallArguments(napi_env env, napi_callback_info info) : count_(few_.size()) {
    napi_get_cb_info(env, info, &count_, few_.data(), nullptr, nullptr);
    if (count_ <= few_.size()) return;
    many_.resize(count_);
    napi_get_cb_info(env, info, &count_, many_.data(), nullptr, nullptr);
  }

  const napi_value* data() const { return many_.empty() ? few_.data() : many_.data(); }
  std::size_t count() const { return count_; }
  napi_value operator[](std::size_t index) const { return data()[index]; }

 private:
  std::array<napi_value, 8> few_{};
  std::vector<napi_value> many_;
  std::size_t count_;
};

napi_value Throw(napi_env env, const Error& error) {
  ToJavaScript(env, error).ThrowAsJavaScriptException();
  return nullptr;
}

napi_value Number(napi_env env, std::uint32_t value) {
  napi_value number = nullptr;
  napi_create_uint32(env, value, &number);
  return number;
}

// The value, or 0 if it is not an int32: 0 is neither a token nor a scope.
std::int32_t Integer(napi_env env, napi_value value) {
  std::int32_t integer = 0;
  return napi_get_value_int32(env, value, &integer) == napi_ok ? integer : 0;
}

ScopeStack::ScopeId EnterToken(std::int32_t id, ScopeStack::Hold hold) {
  TokenRef token = TokenTable::Get().Find(id);
  if (!token) throw ClosedTokenError();
  return ScopeStack::OfThread().Enter(id, std::move(token), hold);
}

// Calls the function, and then leaves the scopes inside `scope` that it has left open, whether it returns or
// throws. `scope` stays open; 0 stands for outside of all scopes.
napi_value CallInside(napi_env env, ScopeStack::ScopeId scope, napi_value function, std::size_t count,
                      const napi_value* arguments) {
  napi_value undefined = nullptr, result = nullptr;
  napi_get_undefined(env, &undefined);
  const bool returned = napi_call_function(env, undefined, function, count, arguments, &result) == napi_ok;
  ScopeStack& stack = ScopeStack::OfThread();
  if (stack.innermost() == scope) return returned ? result : nullptr;
  const std::vector<ScopeStack::Open> open = stack.NotHeld();
  if (stack.LeaveInside(scope) == ScopeStack::LeaveResult::kUnwound) {
    ReportLeak(env, "when the callback of the enclosing scope had ended", open);
  } else {
    // Held scopes are left only at the end of the process or of the worker, but the callback continued after
    // it.
    ReportLeak(env, "after the thread had been reverted while the callback was running", open);
  }
  return nullptr;
}

// The same as CallInside, and then leaves `scope`.
napi_value CallAndLeave(napi_env env, ScopeStack::ScopeId scope, napi_value function, std::size_t count,
                        const napi_value* arguments) {
  const napi_value result = CallInside(env, scope, function, count, arguments);
  ScopeStack::OfThread().Leave(scope);
  return result;
}

napi_value RunSync(napi_env env, napi_callback_info info) {
  const CallArguments arguments(env, info);
  const std::int32_t id = Integer(env, arguments[0]);
  const napi_value function = arguments[1];
  const std::size_t count = arguments.count() - 2;
  const napi_value* const rest = arguments.data() + 2;
  // If the token is in effect already, and the function cannot revert it, there is nothing to switch.
  const ScopeStack& stack = ScopeStack::OfThread();
  if (stack.IsHeldAs(id)) return CallInside(env, stack.innermost(), function, count, rest);
  try {
    return CallAndLeave(env, EnterToken(id, ScopeStack::Hold::kYes), function, count, rest);
  } catch (const Error& error) {
    return Throw(env, error);
  }
}

napi_value RunAtBaseline(napi_env env, napi_callback_info info) {
  const CallArguments arguments(env, info);
  const ScopeStack::ScopeId scope = ScopeStack::OfThread().EnterBaseline();
  if (scope == 0) return CallInside(env, 0, arguments[0], 0, nullptr);
  return CallAndLeave(env, scope, arguments[0], 0, nullptr);
}

// Whether this is an error by which node:vm reports that a script has been terminated.
bool IsInterruption(napi_env env, napi_value error) {
  napi_value code = nullptr;
  std::array<char, 48> text{};
  std::size_t size = 0;
  if (napi_get_named_property(env, error, "code", &code) != napi_ok ||
      napi_get_value_string_utf8(env, code, text.data(), text.size(), &size) != napi_ok) {
    napi_value thrown = nullptr;
    napi_get_and_clear_last_exception(env, &thrown);
    return false;
  }
  const std::string_view name(text.data(), size);
  return name == "ERR_SCRIPT_EXECUTION_TIMEOUT" || name == "ERR_SCRIPT_EXECUTION_INTERRUPTED";
}

napi_value CallInterruptible(napi_env env, napi_callback_info info) {
  const CallArguments arguments(env, info);
  ScopeStack& stack = ScopeStack::OfThread();
  const ScopeStack::ScopeId scope = stack.innermost();
  Environment& environment = Environment::Of(env);
  napi_value undefined = nullptr, result = nullptr, thrown = nullptr;
  napi_get_undefined(env, &undefined);
  environment.set_interruptible(true);
  const napi_status status = napi_call_function(env, undefined, arguments[0], 0, nullptr, &result);
  environment.set_interruptible(false);
  if (status == napi_ok || stack.innermost() == scope) return status == napi_ok ? result : nullptr;
  if (napi_get_and_clear_last_exception(env, &thrown) != napi_ok) return nullptr;
  if (IsInterruption(env, thrown)) stack.LeaveInside(scope);
  napi_throw(env, thrown);
  return nullptr;
}

napi_value ReportLeakFound(napi_env env, napi_callback_info info) {
  const CallArguments arguments(env, info);
  std::array<char, 64> where{};
  std::size_t size = 0;
  napi_get_value_string_utf8(env, arguments[0], where.data(), where.size(), &size);
  ReportLeak(env, where.data(), ScopeStack::OfThread().NotHeld());
  return nullptr;
}

napi_value Enter(napi_env env, napi_callback_info info) {
  const CallArguments arguments(env, info);
  if (!Environment::Of(env).HasStackForScope()) return nullptr;
  try {
    return Number(env, EnterToken(Integer(env, arguments[0]), ScopeStack::Hold::kNo));
  } catch (const Error& error) {
    return Throw(env, error);
  }
}

napi_value PinThread(napi_env env, napi_callback_info info) {
  const CallArguments arguments(env, info);
  try {
    TokenRef token = TokenTable::Get().Find(Integer(env, arguments[0]));
    if (!token) throw ClosedTokenError();
    ScopeStack::OfThread().Pin(std::move(token));
    return nullptr;
  } catch (const Error& error) {
    return Throw(env, error);
  }
}

napi_value Leave(napi_env env, napi_callback_info info) {
  const CallArguments arguments(env, info);
  std::uint32_t scope = 0;
  napi_get_value_uint32(env, arguments[0], &scope);
  return Number(env, static_cast<std::uint32_t>(ScopeStack::OfThread().Leave(scope)));
}

napi_value IsOpen(napi_env env, napi_callback_info info) {
  const CallArguments arguments(env, info);
  std::uint32_t scope = 0;
  napi_get_value_uint32(env, arguments[0], &scope);
  napi_value open = nullptr;
  napi_get_boolean(env, ScopeStack::OfThread().IsOpen(scope), &open);
  return open;
}

napi_value LeaveAll(napi_env env, napi_callback_info) {
  return Number(env, static_cast<std::uint32_t>(ScopeStack::OfThread().LeaveAll()));
}

// Adds a token under a new id; 0 for none.
napi_value NewId(napi_env env, TokenRef token) {
  if (!token) return Number(env, 0);
  try {
    return Number(env, static_cast<std::uint32_t>(Environment::Of(env).AddToken(std::move(token))));
  } catch (const Error& error) {
    return Throw(env, error);
  }
}

napi_value CurrentToken(napi_env env, napi_callback_info) {
  return NewId(env, ScopeStack::OfThread().current_token());
}

napi_value PinnedToken(napi_env env, napi_callback_info) {
  return NewId(env, ScopeStack::OfThread().pinned());
}

}  // namespace

void ExportScopeFunctions(Napi::Env env, Napi::Object exports) {
  const auto function = [](const char* name, napi_callback callback) {
    return napi_property_descriptor{name,    nullptr, callback,        nullptr,
                                    nullptr, nullptr, napi_enumerable, nullptr};
  };
  const std::array<napi_property_descriptor, 11> functions = {
      function("enter", Enter),
      function("leave", Leave),
      function("leaveAll", LeaveAll),
      function("currentToken", CurrentToken),
      function("runSync", RunSync),
      function("runAtBaseline", RunAtBaseline),
      function("pinThread", PinThread),
      function("reportLeak", ReportLeakFound),
      function("isOpen", IsOpen),
      function("callInterruptible", CallInterruptible),
      function("pinnedToken", PinnedToken),
  };
  NAPI_THROW_IF_FAILED_VOID(env, napi_define_properties(env, exports, functions.size(), functions.data()));
  exports.Set("scopeState", Environment::Of(env).ScopeStateArray());
}

}  // namespace impersonate
