#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "core/token.h"
#include "fs/call.h"
#include "napi/loop_wake.h"
#include "pool/job.h"

namespace impersonate {

// Runs one environment's file system calls on user threads, and delivers their results. Used on the
// environment's thread.
class FsPool : public std::enable_shared_from_this<FsPool> {
 public:
  // The number of a call, from 1.
  using Number = std::uint32_t;

  // Throws Napi::Error.
  static std::shared_ptr<FsPool> Make(Napi::Env env);
  ~FsPool();
  FsPool(const FsPool&) = delete;
  FsPool& operator=(const FsPool&) = delete;

  // Makes the call on a user thread as the token. Returns a promise: see `startFs` in types/native.d.ts.
  // Throws Napi::Error and Error.
  Napi::Value Start(TokenRef token, fs::Call call);
  // The number of the latest call.
  Number latest() const noexcept { return latest_; }

  // Removes a call that waits for a thread, and resolves its promise to undefined. Returns whether it did.
  bool Cancel(Number number);

  // Removes a call that waits, or abandons one that a thread makes: what the call opens is closed. Resolves
  // its promise to undefined. Returns whether a thread makes it.
  bool Abandon(Number number);

  // Abandons all calls, as the environment ends.
  void Close() noexcept;

 private:
  class FsJob;
  // A call that is not settled.
  struct Pending {
    napi_deferred promise;
    FsJob* job;
  };

  explicit FsPool(Napi::Env env);
  void Deliver();
  void Settle(FsJob& job);
  napi_deferred Take(std::unordered_map<Number, Pending>::iterator pending);
  void Discard(std::unordered_map<Number, Pending>::iterator pending);

  const Napi::Env env_;
  std::shared_ptr<LoopWake> wake_;
  std::shared_ptr<pool::Outbox> outbox_;
  std::unordered_map<Number, Pending> pending_;
  Number latest_ = 0;
  // Called after promises are settled, for what waits for them.
  Napi::FunctionReference run_reactions_;
  bool delivering_ = false;
  bool open_ = true;
};

}  // namespace impersonate
