#include "napi/fs_pool.h"

#include <uv.h>

#include <utility>
#include <variant>

#include "napi/error_bridge.h"
#include "napi/fs_call.h"
#include "pool/user_threads.h"

namespace impersonate {

// A file system call. May be destroyed on any thread.
class FsPool::FsJob final : public pool::Job {
 public:
  FsJob(TokenRef token, std::shared_ptr<pool::Outbox> outbox, fs::Call call, Number number)
      : pool::Job(std::move(token), std::move(outbox)), call_(std::move(call)), number_(number) {}

  // Closes a descriptor that has not been delivered.
  ~FsJob() override {
    if (delivered_) return;
    const auto* opened = std::get_if<fs::Descriptor>(&call_.result);
    if (opened) fs::CloseDescriptor(opened->fd);
    const auto* written = std::get_if<fs::Unwritten>(&call_.result);
    if (written && written->fd >= 0) fs::CloseDescriptor(written->fd);
  }

  void Run() noexcept override { call_.operation->run(call_); }

  Number number() const noexcept { return number_; }
  fs::Call& call() noexcept { return call_; }
  void MarkDelivered() noexcept { delivered_ = true; }

 private:
  fs::Call call_;
  const Number number_;
  bool delivered_ = false;
};

// The JavaScript side of a call: the function that receives its outcome, in the async context in which the
// call was made. Plain Node-API: with its C++ wrapper the context depends on an object that may be collected.
struct FsPool::Pending {
  Pending(Napi::Env env, Napi::Function function) : env_(env), done(Napi::Persistent(function)) {
    const Napi::String name = Napi::String::New(env, "impersonate:fs");
    NAPI_THROW_IF_FAILED_VOID(env, napi_async_init(env, nullptr, name, &context));
  }
  ~Pending() { napi_async_destroy(env_, context); }
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

  const Napi::Env env_;
  napi_async_context context = nullptr;
  Napi::FunctionReference done;
  FsJob* job = nullptr;
};

namespace {

// Reports an exception that `done` has thrown. It must not stay pending for Node to report it: the first
// native function that an uncaughtException handler calls would throw it again. Returns whether there was
// one.
bool ReportUncaught(Napi::Env env) {
  bool thrown = false;
  napi_is_exception_pending(env, &thrown);
  napi_value exception = nullptr;
  if (!thrown || napi_get_and_clear_last_exception(env, &exception) != napi_ok) return thrown;
  napi_fatal_exception(env, exception);
  return true;
}

}  // namespace

FsPool::FsPool(Napi::Env env) : env_(env) { pool::UserThreads::Get().Open(); }

FsPool::~FsPool() { Close(); }

std::shared_ptr<FsPool> FsPool::Make(Napi::Env env) {
  const std::shared_ptr<FsPool> pool(new FsPool(env));
  pool->wake_ = LoopWake::Make(env, [weak = std::weak_ptr<FsPool>(pool)](Napi::Env) {
    if (const auto alive = weak.lock()) alive->Deliver();
  });
  pool->outbox_ = std::make_shared<pool::Outbox>([wake = pool->wake_] { wake->Wake(); });
  return pool;
}

FsPool::Number FsPool::Start(TokenRef token, fs::Call call, Napi::Function done) {
  do {
    last_ += 1;
  } while (last_ == 0 || pending_.count(last_) > 0);
  auto job = std::make_unique<FsJob>(std::move(token), outbox_, std::move(call), last_);
  auto pending = std::make_unique<Pending>(env_, done);
  pending->job = job.get();
  if (pending_.empty()) wake_->KeepLoop(true);
  pending_.emplace(last_, std::move(pending));
  try {
    pool::UserThreads::Get().Add(std::move(job));
  } catch (...) {
    Forget(last_);
    throw;
  }
  return last_;
}

void FsPool::Forget(Number number) {
  pending_.erase(number);
  if (pending_.empty()) wake_->KeepLoop(false);
}

bool FsPool::Cancel(Number number) {
  const auto found = pending_.find(number);
  if (found == pending_.end() || !pool::UserThreads::Get().Cancel(*found->second->job)) return false;
  Forget(number);
  return true;
}

bool FsPool::Abandon(Number number) {
  if (Cancel(number)) return false;
  const auto found = pending_.find(number);
  if (found == pending_.end()) return false;
  pool::UserThreads::Get().Abandon(*found->second->job);
  Forget(number);
  return true;
}

void FsPool::Deliver() {
  for (const std::unique_ptr<pool::Job>& done : outbox_->Take()) {
    auto& job = static_cast<FsJob&>(*done);
    const auto found = pending_.find(job.number());
    if (found == pending_.end()) continue;  // abandoned
    const std::unique_ptr<Pending> pending = std::move(found->second);
    Forget(job.number());
    const Napi::HandleScope scope(env_);
    try {
      napi_value outcome[] = {nullptr, env_.Undefined()};
      if (job.failure) {
        outcome[0] = ToJavaScript(env_, *job.failure).Value();
      } else {
        outcome[0] = Napi::Number::New(env_, job.call().error);
        if (job.call().error == 0) outcome[1] = FsResult(env_, job.call());
      }
      const napi_status called = napi_make_callback(env_, pending->context, env_.Global(),
                                                    pending->done.Value(), 2, outcome, nullptr);
      // An environment that is ending calls nothing.
      if (called == napi_ok || ReportUncaught(env_)) job.MarkDelivered();
    } catch (const Napi::Error& error) {
      napi_fatal_exception(env_, error.Value());
    }
  }
}

void FsPool::Close() noexcept {
  if (!std::exchange(open_, false)) return;
  outbox_->Close();
  pool::UserThreads::Get().Remove(*outbox_);
  pending_.clear();
  pool::UserThreads::Get().Close();
}

}  // namespace impersonate
