#include "napi/fs_job.h"

#include <utility>
#include <variant>

#include "napi/error_bridge.h"
#include "napi/fs_call.h"

namespace impersonate {

FsJob::FsJob(Napi::Env env, TokenRef who, fs::Call what, Napi::Function done)
    : fs::Job(std::move(who), std::move(what)), env_(env), done_(Napi::Persistent(done)) {
  const Napi::String name = Napi::String::New(env, "impersonate:fs");
  NAPI_THROW_IF_FAILED_VOID(env, napi_async_init(env, nullptr, name, &context_));
}

FsJob::~FsJob() {
  const auto* opened = std::get_if<fs::Descriptor>(&call.result);
  if (!delivered_ && opened) fs::CloseDescriptor(opened->fd);
  napi_async_destroy(env_, context_);
}

void FsJob::Tell(Napi::Env env) {
  napi_value error = nullptr;
  napi_value result = env.Undefined();
  if (failure) {
    error = ToJavaScript(env, *failure).Value();
  } else {
    error = Napi::Number::New(env, call.error);
    if (call.error == 0) result = FsResult(env, call);
  }
  const napi_value arguments[] = {error, result};
  delivered_ =
      napi_make_callback(env, context_, env.Global(), done_.Value(), 2, arguments, nullptr) == napi_ok;
  if (!delivered_) TellUncaught(env);
}

// What `done` has thrown. Not left pending for Node to find: it would be thrown once more by the first
// native function that an uncaughtException handler calls.
void FsJob::TellUncaught(Napi::Env env) {
  napi_is_exception_pending(env, &delivered_);
  napi_value thrown = nullptr;
  if (!delivered_ || napi_get_and_clear_last_exception(env, &thrown) != napi_ok) return;
  napi_fatal_exception(env, thrown);
}

}  // namespace impersonate
