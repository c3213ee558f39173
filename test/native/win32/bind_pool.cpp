#include <optional>

#include "bindings.h"
#include "call_failed.h"
#include "foreign.h"
#include "identity.h"
#include "js_values.h"

namespace seam {
namespace {

// Deletes itself when it is done.
class PoolThread final : public Napi::AsyncWorker {
 public:
  PoolThread(Napi::Env env, HANDLE token)
      : Napi::AsyncWorker(env, "seam:poolThread"),
        deferred_(Napi::Promise::Deferred::New(env)),
        token_(token) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

  void Execute() override {
    try {
      if (token_) SetForeignToken(token_);
      identity_ = ReadIdentity();
    } catch (const CallFailed& failure) {
      failure_ = failure;
    }
  }

  void OnOK() override {
    if (failure_) {
      deferred_.Reject(ErrorOf(Env(), *failure_).Value());
    } else {
      deferred_.Resolve(WriteIdentity(Env(), identity_));
    }
  }

 private:
  Napi::Promise::Deferred deferred_;
  HANDLE token_;
  Identity identity_{};
  std::optional<CallFailed> failure_;
};

Napi::Value ReadPoolThread(const Napi::CallbackInfo& info) {
  auto* worker = new PoolThread(info.Env(), info[0].IsUndefined() ? nullptr : ReadHandle(info[0]));
  const Napi::Value promise = worker->promise();
  worker->Queue();
  return promise;
}

}  // namespace

void BindPool(Napi::Object& exports) { Export<ReadPoolThread>(exports, "poolThread"); }

}  // namespace seam
