#include <napi.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>

#include "core/scope_stack.h"
#include "fs/call.h"
#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/error_bridge.h"
#include "napi/exports.h"
#include "napi/fs_call.h"
#include "napi/promise_worker.h"
#include "pool/user_threads.h"

namespace impersonate {
namespace {

Napi::Array Counts(Napi::Env env, std::initializer_list<std::size_t> counts) {
  Napi::Array array = Napi::Array::New(env, counts.size());
  std::uint32_t index = 0;
  for (const std::size_t count : counts) array[index++] = static_cast<double>(count);
  return array;
}

Napi::Value StartFs(const Napi::CallbackInfo& info) {
  TokenRef token = TokenArgument(info, 0);
  RequireLevelForWork(*token);
  fs::Call call = FsCallArgument(info, 1, 2);
  return Environment::Of(info.Env()).fs_pool().Start(std::move(token), std::move(call));
}

Napi::Value LatestFs(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), Environment::Of(info.Env()).fs_pool().latest());
}

FsPool::Number NumberArgument(const Napi::CallbackInfo& info) {
  return static_cast<FsPool::Number>(IntegerArgument(info, 0));
}

Napi::Value CancelFs(const Napi::CallbackInfo& info) {
  FsPool& pool = Environment::Of(info.Env()).fs_pool();
  return Napi::Boolean::New(info.Env(), pool.Cancel(NumberArgument(info)));
}

Napi::Value AbandonFs(const Napi::CallbackInfo& info) {
  FsPool& pool = Environment::Of(info.Env()).fs_pool();
  return Napi::Boolean::New(info.Env(), pool.Abandon(NumberArgument(info)));
}

Napi::Value SetPoolLimits(const Napi::CallbackInfo& info) {
  pool::Limits limits;
  limits.per_user = static_cast<std::size_t>(IntegerArgument(info, 0));
  limits.threads = static_cast<std::size_t>(IntegerArgument(info, 1));
  limits.idle_time = std::chrono::milliseconds(IntegerArgument(info, 2));
  pool::UserThreads::Get().SetLimits(limits, info[3].ToBoolean());
  return info.Env().Undefined();
}

Napi::Value PoolLimits(const Napi::CallbackInfo& info) {
  const pool::Limits limits = pool::UserThreads::Get().limits();
  return Counts(info.Env(),
                {limits.per_user, limits.threads, static_cast<std::size_t>(limits.idle_time.count())});
}

Napi::Value PoolStatistics(const Napi::CallbackInfo& info) {
  const pool::Statistics now = pool::UserThreads::Get().statistics();
  return Counts(info.Env(), {now.threads, now.busy, now.hung, now.staying, now.users, now.waiting_jobs});
}

Napi::Value Outcome(const Napi::CallbackInfo& info, fs::Call& call) {
  if (call.error != 0) return Napi::Number::New(info.Env(), call.error);
  Napi::Array result = Napi::Array::New(info.Env(), 1);
  result[0u] = FsResult(info.Env(), call);
  return result;
}

Napi::Value FsSync(const Napi::CallbackInfo& info) {
  TokenRef token = TokenArgument(info, 0);
  fs::Call call = FsCallArgument(info, 1, 2);
  ScopeStack& stack = ScopeStack::OfThread();
  const ScopeStack::ScopeId scope =
      stack.Enter(IntegerArgument(info, 0), std::move(token), ScopeStack::Hold::kYes);
  call.operation->run(call);
  stack.Leave(scope);
  return Outcome(info, call);
}

Napi::Value FsHere(const Napi::CallbackInfo& info) {
  fs::Call call = FsCallArgument(info, 0, 1);
  call.operation->run(call);
  return Outcome(info, call);
}

Napi::Value KeepDescriptor(const Napi::CallbackInfo& info) {
  Environment::Of(info.Env()).KeepDescriptor(IntegerArgument(info, 0));
  return info.Env().Undefined();
}

Napi::Value CloseDescriptor(const Napi::CallbackInfo& info) {
  const int fd = IntegerArgument(info, 0);
  const Napi::Value promise = PromiseWorker<int>::Start(
      info.Env(), "impersonate:close", [fd] { return fs::CloseDescriptor(fd); },
      [](Napi::Env env, int error) -> Napi::Value { return Napi::Number::New(env, error); });
  Environment::Of(info.Env()).ReleaseDescriptor(fd);
  return promise;
}

Napi::Value CloseDescriptorSync(const Napi::CallbackInfo& info) {
  const int fd = IntegerArgument(info, 0);
  Environment::Of(info.Env()).ReleaseDescriptor(fd);
  return Napi::Number::New(info.Env(), fs::CloseDescriptor(fd));
}

Napi::Object Numbers(Napi::Env env) {
  Napi::Object numbers = Napi::Object::New(env);
  for (std::size_t i = 0; i < fs::kOperationCount; ++i) {
    numbers.Set(fs::kOperations[i].name, Napi::Number::New(env, static_cast<double>(i)));
  }
  return numbers;
}

}  // namespace

void ExportFsFunctions(Napi::Env env, Napi::Object exports) {
  exports.Set("fsCalls", Numbers(env));
  Export<StartFs>(env, exports, "startFs");
  Export<LatestFs>(env, exports, "latestFs");
  Export<CancelFs>(env, exports, "cancelFs");
  Export<AbandonFs>(env, exports, "abandonFs");
  Export<SetPoolLimits>(env, exports, "setPoolLimits");
  Export<PoolLimits>(env, exports, "poolLimits");
  Export<PoolStatistics>(env, exports, "poolStatistics");
  Export<FsSync>(env, exports, "fsSync");
  Export<KeepDescriptor>(env, exports, "keepDescriptor");
  Export<CloseDescriptor>(env, exports, "closeDescriptor");
  Export<CloseDescriptorSync>(env, exports, "closeDescriptorSync");
  Export<FsHere>(env, exports, "fsHere");
}

}  // namespace impersonate
