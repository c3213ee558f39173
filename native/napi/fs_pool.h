#pragma once

#include <napi.h>

#include <memory>

#include "core/token.h"
#include "fs/call.h"
#include "napi/loop_wake.h"
#include "pool/job_queue.h"

namespace impersonate {

// Runs one environment's file system calls on libuv's pool threads, and delivers their results. Lives until
// Node has completed its last request.
class FsPool : public std::enable_shared_from_this<FsPool> {
 public:
  // Throws Napi::Error.
  static std::shared_ptr<FsPool> Make(Napi::Env env);

  // Makes the call on a pool thread as the token, and then calls `done(error, result)` from the event loop:
  // see `startFs` in types/native.d.ts. Throws Napi::Error.
  void Start(Napi::Env env, TokenRef token, fs::Call call, Napi::Function done);

 private:
  struct Work;

  FsPool() : queue_([this] { wake_->Wake(); }) {}
  void Deliver(Napi::Env env);

  pool::JobQueue queue_;
  std::shared_ptr<LoopWake> wake_;
};

}  // namespace impersonate
