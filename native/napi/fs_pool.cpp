#include "napi/fs_pool.h"

#include <uv.h>

#include <utility>

#include "napi/fs_job.h"

namespace impersonate {

// What has Node call a pool thread for one job, though not that job's alone: see JobQueue. Plain Node-API
// rather than its C++ wrapper, which makes three more objects for each.
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
    if (status == napi_cancelled) work->pool->queue_.Cancel(*work->token, UV_ECANCELED);
    work->pool->Tell(env);
  }
};

std::shared_ptr<FsPool> FsPool::Make(Napi::Env env) {
  const std::shared_ptr<FsPool> pool(new FsPool);
  pool->wake_ = LoopWake::Make(env, [weak = std::weak_ptr<FsPool>(pool)](Napi::Env loop) {
    if (const auto alive = weak.lock()) alive->Tell(loop);
  });
  return pool;
}

void FsPool::Start(Napi::Env env, TokenRef token, fs::Call call, Napi::Function done) {
  auto work = std::make_unique<Work>(Work{shared_from_this(), token});
  const Napi::String name = Napi::String::New(env, "impersonate:pool");
  NAPI_THROW_IF_FAILED_VOID(env, napi_create_async_work(env, nullptr, name, &Work::Execute, &Work::Complete,
                                                        work.get(), &work->work));
  queue_.Add(std::make_unique<FsJob>(env, std::move(token), std::move(call), done));
  // The job is on its way now: there is no taking it back.
  if (napi_queue_async_work(env, work->work) != napi_ok) {
    Napi::Error::Fatal("impersonate", "napi_queue_async_work failed");
  }
  static_cast<void>(work.release());
}

void FsPool::Tell(Napi::Env env) {
  for (const std::unique_ptr<fs::Job>& job : queue_.TakeDone()) {
    try {
      static_cast<FsJob&>(*job).Tell(env);
    } catch (const Napi::Error& error) {
      napi_fatal_exception(env, error.Value());
    }
  }
}

}  // namespace impersonate
