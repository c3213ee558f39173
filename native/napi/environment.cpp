#include "napi/environment.h"

#include <new>
#include <utility>
#include <vector>

#include "core/scope_stack.h"
#include "core/token_table.h"
#include "fs/call.h"
#include "pool/user_threads.h"

namespace impersonate {
namespace {

// The memory of a token as reported to the garbage collector. Closed tokens live until the flows that refer
// to them are collected, which must happen long before the process reaches its limit of tokens.
constexpr std::int64_t kTokenBytes = 16 * 1024;

// Twice the stack that leaving a scope may need, so that a scope opened a little deeper needs no new check.
constexpr std::size_t kCheckedStack = 64 * 1024;

// Makes threads that stay the user of a token without owners revert.
void Recall(const TokenRef& token) {
  if (token && !token->is_owned()) pool::UserThreads::Get().Recall(*token);
}

}  // namespace

Environment::Environment(Napi::Env env)
    : env_(env),
      scope_state_(Napi::Persistent(Napi::ArrayBuffer::New(env, sizeof(ScopeState)))),
      scope_state_data_(::new(scope_state_.Value().Data()) ScopeState) {
  ScopeStack::OfThread().ShareState(scope_state_data_);
}

void Environment::Create(Napi::Env env) { env.SetInstanceData(new Environment(env)); }

Environment::~Environment() {
  // A worker that is terminated inside a scope does not run its finally blocks.
  ScopeStack::OfThread().End();
  ScopeStack::OfThread().UnshareState(scope_state_data_);
  for (const std::int32_t id : tokens_) Recall(TokenTable::Get().Close(id));
  if (fs_pool_) fs_pool_->Close();
  for (const int fd : descriptors_) fs::CloseDescriptor(fd);
}

std::int32_t Environment::AddToken(TokenRef token) {
  const std::int32_t id = TokenTable::Get().Add(std::move(token));
  tokens_.insert(id);
  Napi::MemoryManagement::AdjustExternalMemory(env_, kTokenBytes);
  return id;
}

bool Environment::CloseToken(std::int32_t id) {
  if (tokens_.erase(id) == 0) return false;
  ScopeStack::OfThread().ForgetTokenId(id);
  Napi::MemoryManagement::AdjustExternalMemory(env_, -kTokenBytes);
  const TokenRef closed = TokenTable::Get().Close(id);
  Recall(closed);
  return closed != nullptr;
}

void Environment::DisownToken(std::int32_t id) {
  if (tokens_.count(id) > 0) Recall(TokenTable::Get().Disown(id));
}

FsPool& Environment::fs_pool() {
  if (!fs_pool_) fs_pool_ = FsPool::Make(env_);
  return *fs_pool_;
}

Programs& Environment::programs() {
  if (!programs_) programs_ = Programs::Make(env_);
  return *programs_;
}

Napi::Int32Array Environment::ScopeStateArray() const {
  return Napi::Int32Array::New(env_, sizeof(ScopeState) / sizeof(std::int32_t), scope_state_.Value(), 0);
}

void Environment::SetHooks(Napi::Function create_error, Napi::Function describe_leak, Napi::Function noop) {
  create_error_ = Napi::Persistent(create_error);
  describe_leak_ = Napi::Persistent(describe_leak);
  noop_ = Napi::Persistent(noop);
}

bool Environment::RunsNoJavaScript() const {
  napi_value undefined = nullptr, result = nullptr;
  napi_get_undefined(env_, &undefined);
  if (napi_call_function(env_, undefined, noop_.Value(), 0, nullptr, &result) == napi_ok) return false;
  napi_value thrown = nullptr;
  bool is_thrown = false;
  napi_is_exception_pending(env_, &is_thrown);
  if (is_thrown) napi_get_and_clear_last_exception(env_, &thrown);
  return !is_thrown;
}

bool Environment::HasStackForScope() {
  const char here = 0;
  const auto address = reinterpret_cast<std::uintptr_t>(&here);
  if (address >= checked_stack_) return true;
  // The engine puts the arguments on the stack, and throws a RangeError if they do not fit.
  napi_value undefined = nullptr, result = nullptr;
  napi_get_undefined(env_, &undefined);
  const std::vector<napi_value> arguments(kCheckedStack / sizeof(void*), undefined);
  if (napi_call_function(env_, undefined, noop_.Value(), arguments.size(), arguments.data(), &result) !=
      napi_ok) {
    return false;
  }
  checked_stack_ = address - kCheckedStack / 2;
  return true;
}

Napi::Value NewToken(Napi::Env env, TokenRef token) {
  return Napi::Number::New(env, Environment::Of(env).AddToken(std::move(token)));
}

}  // namespace impersonate
