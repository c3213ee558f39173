#pragma once

#include <napi.h>

#include "core/token.h"
#include "fs/call.h"
#include "pool/job_queue.h"

namespace impersonate {

// A job with who is to be told: `done(error, result)`, in the async context that the job was made in, for the
// turn of a pool thread in which it is done may have been another flow's.
class FsJob final : public fs::Job {
 public:
  // Throws Napi::Error.
  FsJob(Napi::Env env, TokenRef who, fs::Call what, Napi::Function done);
  // A descriptor that nobody has been told of is closed.
  ~FsJob() override;

  // Calls `done` with what has become of the call. An environment that is coming to its end calls nothing any
  // more. Throws Napi::Error if there is no telling it.
  void Tell(Napi::Env env);

 private:
  void TellUncaught(Napi::Env env);

  const Napi::Env env_;
  // Plain Node-API: its C++ wrapper gives the context an object that may be collected, and the context with
  // it.
  napi_async_context context_ = nullptr;
  Napi::FunctionReference done_;
  bool delivered_ = false;
};

}  // namespace impersonate
