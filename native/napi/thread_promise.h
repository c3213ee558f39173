#pragma once

#include <napi.h>

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "core/error.h"
#include "core/port/thread.h"
#include "core/scope_stack.h"
#include "napi/error_bridge.h"

namespace impersonate {

// Runs `work` on a dedicated thread, which starts with the process identity, and settles a promise with the
// result of `convert` on the JavaScript thread: for calls that may wait for another machine, which would
// block libuv's pool. If the environment ends first, the promise is not settled, and the result is released
// when the call returns. Throws Error if no thread can be started.
template <typename Result>
class ThreadPromise final {
 public:
  using Work = std::function<Result()>;
  // Must not refer to JavaScript values: it may be destroyed on the other thread.
  using Convert = std::function<Napi::Value(Napi::Env, Result)>;

  static Napi::Value Start(Napi::Env env, const char* name, Work work, Convert convert) {
    const BaselineScope as_process;
    auto job = std::shared_ptr<ThreadPromise>(new ThreadPromise(env, std::move(work), std::move(convert)));
    const Napi::Value promise = job->deferred_.Promise();
    // The thread-safe function refers to the job until it is finalized; the thread, until its work is done.
    auto* const kept = new std::shared_ptr<ThreadPromise>(job);
    napi_threadsafe_function settle = nullptr;
    const napi_status made = napi_create_threadsafe_function(
        env, nullptr, nullptr, Napi::String::New(env, name), 0, 1, kept, Finalize, kept, Settle, &settle);
    if (made != napi_ok) {
      delete kept;
      NAPI_THROW_IF_FAILED(env, made, promise);
    }
    try {
      // ReleaseThread() is called by the JavaScript thread, so not before the assignment.
      job->thread_ = std::thread([job, settle] {
        job->Run();
        job->EnqueueSettlement(settle);
      });
    } catch (const std::system_error& error) {
      napi_release_threadsafe_function(settle, napi_tsfn_abort);
      throw Error("EAGAIN", error.code().value(), "std::thread", "No thread can be started for the call");
    }
    return promise;
  }

 private:
  ThreadPromise(Napi::Env env, Work work, Convert convert)
      : deferred_(Napi::Promise::Deferred::New(env)), work_(std::move(work)), convert_(std::move(convert)) {}

  void Run() noexcept {
    try {
      port::InitThread();
      result_.emplace(work_());
    } catch (const Error& error) {
      error_ = error;
    } catch (const std::exception& error) {
      error_ = Error("ERR_INTERNAL", error.what());
    }
    // Releases what the work refers to, such as a password, before the event loop continues.
    work_ = nullptr;
  }

  // The last use of the thread-safe function by this thread. An environment that ends destroys the function
  // even if a thread has acquired it.
  void EnqueueSettlement(napi_threadsafe_function settle) noexcept {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!open_) return;
    settlement_queued_ = true;
    if (napi_call_threadsafe_function(settle, nullptr, napi_tsfn_blocking) == napi_ok)
      napi_release_threadsafe_function(settle, napi_tsfn_release);
  }

  static void Settle(napi_env raw, napi_value, void* context, void*) {
    if (raw == nullptr) return;  // the environment is ending
    const Napi::Env env(raw);
    const Napi::HandleScope scope(env);
    try {
      (*static_cast<std::shared_ptr<ThreadPromise>*>(context))->SettleOn(env);
    } catch (const Napi::Error&) {
      // A worker that is being terminated runs no JavaScript, so no code waits for the promise.
    }
  }

  void SettleOn(Napi::Env env) {
    try {
      if (error_) throw *error_;
      deferred_.Resolve(convert_(env, std::move(*result_)));
    } catch (const Error& error) {
      deferred_.Reject(ToJavaScript(env, error).Value());
    } catch (const Napi::Error& error) {
      deferred_.Reject(error.Value());
    }
  }

  static void Finalize(napi_env, void* data, void*) {
    const std::unique_ptr<std::shared_ptr<ThreadPromise>> kept(
        static_cast<std::shared_ptr<ThreadPromise>*>(data));
    (*kept)->ReleaseThread();
  }

  // Joins a thread that has queued the settlement, as it is about to end: MinGW's runtime reuses the
  // resources of a detached thread while the system is still ending it. Detaches any other thread, for which
  // an ending environment cannot wait.
  void ReleaseThread() {
    bool over = false;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      open_ = false;
      over = settlement_queued_;
    }
    if (!thread_.joinable()) return;
    if (over) {
      thread_.join();
    } else {
      thread_.detach();
    }
  }

  Napi::Promise::Deferred deferred_;
  Work work_;
  Convert convert_;
  std::optional<Result> result_;
  std::optional<Error> error_;
  std::thread thread_;  // used on the JavaScript thread only

  std::mutex mutex_;  // for what follows
  bool open_ = true;  // the function can be called
  bool settlement_queued_ = false;
};

}  // namespace impersonate
