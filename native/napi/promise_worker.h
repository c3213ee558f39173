#pragma once

#include <napi.h>

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "core/error.h"
#include "napi/error_bridge.h"

namespace impersonate {

// Runs `work` on a pool thread, which never impersonates, and settles a promise with its result, which
// `convert` converts on the JavaScript thread. Deletes itself.
template <typename Result>
class PromiseWorker final : public Napi::AsyncWorker {
 public:
  using Work = std::function<Result()>;
  using Convert = std::function<Napi::Value(Napi::Env, Result)>;

  static Napi::Value Start(Napi::Env env, const char* name, Work work, Convert convert) {
    auto* worker = new PromiseWorker(env, name, std::move(work), std::move(convert));
    const Napi::Value promise = worker->deferred_.Promise();
    worker->Queue();
    return promise;
  }

  void Execute() override {
    try {
      result_.emplace(work_());
    } catch (const Error& error) {
      error_ = error;
    }
  }

  void OnOK() override {
    const Napi::Env env = Env();
    try {
      if (error_) throw *error_;
      deferred_.Resolve(convert_(env, std::move(*result_)));
    } catch (const Error& error) {
      deferred_.Reject(ToJavaScript(env, error).Value());
    }
  }

  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  PromiseWorker(Napi::Env env, const char* name, Work work, Convert convert)
      : Napi::AsyncWorker(env, name),
        deferred_(Napi::Promise::Deferred::New(env)),
        work_(std::move(work)),
        convert_(std::move(convert)) {}

  Napi::Promise::Deferred deferred_;
  Work work_;
  Convert convert_;
  std::optional<Result> result_;
  std::optional<Error> error_;
};

}  // namespace impersonate
