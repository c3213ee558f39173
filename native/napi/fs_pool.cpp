#include "napi/fs_pool.h"

#include <uv.h>

#include <utility>
#include <variant>

#include "napi/error_bridge.h"
#include "napi/fs_call.h"

namespace impersonate {
namespace {

// A file system call and the function that receives its outcome. `done(error, result)` is called in the async
// context in which the job was created: the pool thread may have run it for the request of another flow.
class FsJob final : public pool::Job {
 public:
  // Throws Napi::Error.
  FsJob(Napi::Env env, TokenRef token, fs::Call call, Napi::Function done)
      : pool::Job(std::move(token)), call_(std::move(call)), env_(env), done_(Napi::Persistent(done)) {
    const Napi::String name = Napi::String::New(env, "impersonate:fs");
    NAPI_THROW_IF_FAILED_VOID(env, napi_async_init(env, nullptr, name, &context_));
  }

  // Closes a descriptor that has not been delivered.
  ~FsJob() override {
    const auto* opened = std::get_if<fs::Descriptor>(&call_.result);
    if (!delivered_ && opened) fs::CloseDescriptor(opened->fd);
    napi_async_destroy(env_, context_);
  }

  void Run() override { call_.operation->run(call_); }
  void Cancel() noexcept override { call_.error = UV_ECANCELED; }

  // Calls `done` with the outcome of the call. Does nothing in an environment that is ending. Throws
  // Napi::Error if the outcome cannot be converted.
  void Deliver(Napi::Env env) {
    napi_value error = nullptr;
    napi_value result = env.Undefined();
    if (failure) {
      error = ToJavaScript(env, *failure).Value();
    } else {
      error = Napi::Number::New(env, call_.error);
      if (call_.error == 0) result = FsResult(env, call_);
    }
    const napi_value arguments[] = {error, result};
    delivered_ =
        napi_make_callback(env, context_, env.Global(), done_.Value(), 2, arguments, nullptr) == napi_ok;
    if (!delivered_) ReportUncaught(env);
  }

 private:
  // Reports an exception that `done` has thrown. It must not stay pending for Node to report it: the first
  // native function that an uncaughtException handler calls would throw it again.
  void ReportUncaught(Napi::Env env) {
    napi_is_exception_pending(env, &delivered_);
    napi_value thrown = nullptr;
    if (!delivered_ || napi_get_and_clear_last_exception(env, &thrown) != napi_ok) return;
    napi_fatal_exception(env, thrown);
  }

  fs::Call call_;
  const Napi::Env env_;
  // Plain Node-API: with its C++ wrapper the context depends on an object that may be garbage-collected.
  napi_async_context context_ = nullptr;
  Napi::FunctionReference done_;
  bool delivered_ = false;
};

}  // namespace

// A request to Node for a call on a pool thread, one for each job, although the thread may run other jobs:
// see JobQueue. Plain Node-API: its C++ wrapper creates three more objects for each request.
struct FsPool::Work {
  std::shared_ptr<FsPool> pool;
  TokenRef token;
  napi_async_work work = nullptr;

  static void Execute(napi_env, void* data) {
    const auto* work = static_cast<Work*>(data);
    work->pool->queue_.Work(*work->token);
  }

  static void Complete(napi_env env, napi_status status, void* data) {
    const std::unique_ptr<Work> work(static_cast<Work*>(data));
    napi_delete_async_work(env, work->work);
    if (status == napi_cancelled) work->pool->queue_.Cancel(*work->token);
    work->pool->Deliver(env);
  }
};

std::shared_ptr<FsPool> FsPool::Make(Napi::Env env) {
  const std::shared_ptr<FsPool> pool(new FsPool);
  pool->wake_ = LoopWake::Make(env, [weak = std::weak_ptr<FsPool>(pool)](Napi::Env loop) {
    if (const auto alive = weak.lock()) alive->Deliver(loop);
  });
  return pool;
}

void FsPool::Start(Napi::Env env, TokenRef token, fs::Call call, Napi::Function done) {
  auto work = std::make_unique<Work>(Work{shared_from_this(), token});
  const Napi::String name = Napi::String::New(env, "impersonate:pool");
  NAPI_THROW_IF_FAILED_VOID(env, napi_create_async_work(env, nullptr, name, &Work::Execute, &Work::Complete,
                                                        work.get(), &work->work));
  queue_.Add(std::make_unique<FsJob>(env, std::move(token), std::move(call), done));
  // The job is in the queue and cannot be removed.
  if (napi_queue_async_work(env, work->work) != napi_ok) {
    Napi::Error::Fatal("impersonate", "napi_queue_async_work failed");
  }
  static_cast<void>(work.release());
}

void FsPool::Deliver(Napi::Env env) {
  for (const std::unique_ptr<pool::Job>& job : queue_.TakeDone()) {
    try {
      static_cast<FsJob&>(*job).Deliver(env);
    } catch (const Napi::Error& error) {
      napi_fatal_exception(env, error.Value());
    }
  }
}

}  // namespace impersonate
