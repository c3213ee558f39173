#include "napi/fs_job.h"

#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "core/error.h"
#include "core/port.h"
#include "napi/error_bridge.h"
#include "napi/fs_call.h"

namespace impersonate {
namespace {

// Plain Node-API rather than its C++ wrapper, which makes three more objects for each job.
class FsJob {
 public:
  static void Start(Napi::Env env, TokenRef token, fs::Call call, Napi::Function done) {
    std::unique_ptr<FsJob> job(new FsJob(std::move(token), std::move(call)));
    const Napi::String name = Napi::String::New(env, "impersonate:fs");
    NAPI_THROW_IF_FAILED_VOID(env, napi_create_async_work(env, nullptr, name, &FsJob::Execute,
                                                          &FsJob::Complete, job.get(), &job->work_));
    job->done_ = Napi::Persistent(done);
    const napi_status queued = napi_queue_async_work(env, job->work_);
    if (queued != napi_ok) napi_delete_async_work(env, job->work_);
    NAPI_THROW_IF_FAILED_VOID(env, queued);
    static_cast<void>(job.release());
  }

 private:
  FsJob(TokenRef token, fs::Call call) : token_(std::move(token)), call_(std::move(call)) {}

  static void Execute(napi_env, void* data) {
    auto* job = static_cast<FsJob*>(data);
    try {
      const port::JobScope scope(*job->token_);
      job->call_.operation->run(job->call_);
    } catch (const Error& error) {
      job->failure_ = error;
    }
  }

  static void Complete(napi_env raw, napi_status status, void* data) {
    const std::unique_ptr<FsJob> job(static_cast<FsJob*>(data));
    const Napi::Env env(raw);
    napi_delete_async_work(env, job->work_);
    if (status == napi_cancelled) job->call_.error = UV_ECANCELED;
    try {
      job->Tell(env);
    } catch (const Napi::Error& error) {
      napi_fatal_exception(env, error.Value());
    }
    job->CloseUndelivered();
  }

  void Tell(Napi::Env env) {
    napi_value error = nullptr;
    napi_value result = env.Undefined();
    if (failure_) {
      error = ToJavaScript(env, *failure_).Value();
    } else {
      error = Napi::Number::New(env, call_.error);
      if (call_.error == 0) result = FsResult(env, call_);
    }
    const napi_value arguments[] = {error, result};
    delivered_ = napi_call_function(env, env.Undefined(), done_.Value(), 2, arguments, nullptr) == napi_ok;
    if (!delivered_) TellUncaught(env);
  }

  // What `done` has thrown. Not left pending for Node to find: it would be thrown once more by the first
  // native function that an uncaughtException handler calls.
  void TellUncaught(Napi::Env env) {
    napi_is_exception_pending(env, &delivered_);
    napi_value thrown = nullptr;
    if (!delivered_ || napi_get_and_clear_last_exception(env, &thrown) != napi_ok) return;
    napi_fatal_exception(env, thrown);
  }

  // An environment that is coming to its end calls nothing any more.
  void CloseUndelivered() const noexcept {
    const auto* opened = std::get_if<fs::Descriptor>(&call_.result);
    if (!delivered_ && opened) fs::CloseDescriptor(opened->fd);
  }

  TokenRef token_;
  fs::Call call_;
  std::optional<Error> failure_;
  Napi::FunctionReference done_;
  napi_async_work work_ = nullptr;
  bool delivered_ = false;
};

}  // namespace

void StartFsJob(Napi::Env env, TokenRef token, fs::Call call, Napi::Function done) {
  FsJob::Start(env, std::move(token), std::move(call), done);
}

}  // namespace impersonate
