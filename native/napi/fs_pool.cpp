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

FsPool::FsPool(Napi::Env env) : env_(env) {
  run_reactions_ = Napi::Persistent(Napi::Function::New(env, [](const Napi::CallbackInfo&) {}));
  pool::UserThreads::Get().Open();
}

FsPool::~FsPool() { Close(); }

std::shared_ptr<FsPool> FsPool::Make(Napi::Env env) {
  const std::shared_ptr<FsPool> pool(new FsPool(env));
  pool->wake_ = LoopWake::Make(env, [weak = std::weak_ptr<FsPool>(pool)](Napi::Env) {
    if (const auto alive = weak.lock()) alive->Deliver();
  });
  pool->outbox_ = std::make_shared<pool::Outbox>([wake = pool->wake_] { wake->Wake(); });
  return pool;
}

Napi::Value FsPool::Start(TokenRef token, fs::Call call) {
  do {
    latest_ += 1;
  } while (latest_ == 0 || pending_.count(latest_) > 0);
  auto job = std::make_unique<FsJob>(std::move(token), outbox_, std::move(call), latest_);
  napi_deferred deferred = nullptr;
  napi_value promise = nullptr;
  NAPI_THROW_IF_FAILED(env_, napi_create_promise(env_, &deferred, &promise), env_.Undefined());
  if (pending_.empty()) wake_->KeepLoop(true);
  const auto pending = pending_.insert({latest_, {deferred, job.get()}}).first;
  try {
    // What the reactions of one delivery start waits until all have run: one wake-up for them all.
    pool::UserThreads::Get().Add(std::move(job), !delivering_);
  } catch (...) {
    Discard(pending);
    throw;
  }
  return {env_, promise};
}

napi_deferred FsPool::Take(std::unordered_map<Number, Pending>::iterator pending) {
  const napi_deferred promise = pending->second.promise;
  pending_.erase(pending);
  if (pending_.empty()) wake_->KeepLoop(false);
  return promise;
}

void FsPool::Discard(std::unordered_map<Number, Pending>::iterator pending) {
  napi_resolve_deferred(env_, Take(pending), env_.Undefined());
}

bool FsPool::Cancel(Number number) {
  const auto found = pending_.find(number);
  if (found == pending_.end() || !pool::UserThreads::Get().Cancel(*found->second.job)) return false;
  Discard(found);
  return true;
}

bool FsPool::Abandon(Number number) {
  if (Cancel(number)) return false;
  const auto found = pending_.find(number);
  if (found == pending_.end()) return false;
  pool::UserThreads::Get().Abandon(*found->second.job);
  Discard(found);
  return true;
}

void FsPool::Deliver() {
  const pool::Jobs done = outbox_->Take();
  if (done.empty()) return;
  delivering_ = true;
  for (const std::unique_ptr<pool::Job>& job : done) Settle(static_cast<FsJob&>(*job));
  // A receiver of its own, because Node 20 keeps values of AsyncLocalStorage in it.
  napi_make_callback(env_, nullptr, Napi::Object::New(env_), run_reactions_.Value(), 0, nullptr, nullptr);
  ReportUncaught(env_);  // of a reaction, or of a tick after it
  delivering_ = false;
  pool::UserThreads::Get().Wake();
}

void FsPool::Settle(FsJob& job) {
  const auto found = pending_.find(job.number());
  if (found == pending_.end()) return;  // abandoned
  const napi_deferred promise = Take(found);
  const Napi::HandleScope scope(env_);
  // In an environment that is ending, none of this succeeds.
  try {
    if (job.failure) {
      napi_reject_deferred(env_, promise, ToJavaScript(env_, *job.failure).Value());
    } else if (job.call().error != 0) {
      napi_resolve_deferred(env_, promise, Napi::Number::New(env_, job.call().error));
    } else if (napi_resolve_deferred(env_, promise, FsResult(env_, job.call())) == napi_ok) {
      job.MarkDelivered();
    }
  } catch (const Napi::Error& error) {
    napi_reject_deferred(env_, promise, error.Value());
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
