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

  // Makes the call on a user thread as the token, and then calls `done(error, result)` from the event loop:
  // see `startFs` in types/native.d.ts. Throws Napi::Error and Error.
  Number Start(TokenRef token, fs::Call call, Napi::Function done);

  // Removes a call that waits for a thread: `done` is not called. Returns whether it did.
  bool Cancel(Number number);

  // Removes a call that waits, or abandons one that a thread makes: `done` is not called, and what the call
  // opens is closed. Returns whether a thread makes it.
  bool Abandon(Number number);

  // Abandons all calls, as the environment ends.
  void Close() noexcept;

 private:
  struct Pending;
  class FsJob;

  explicit FsPool(Napi::Env env);
  void Deliver();
  void Forget(Number number);

  const Napi::Env env_;
  std::shared_ptr<LoopWake> wake_;
  std::shared_ptr<pool::Outbox> outbox_;
  std::unordered_map<Number, std::unique_ptr<Pending>> pending_;
  Number last_ = 0;
  bool open_ = true;
};

}  // namespace impersonate
