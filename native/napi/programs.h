#pragma once

#include <napi.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

#include "core/port/program.h"
#include "napi/loop_wake.h"

namespace impersonate {

// The programs that one environment has started and not closed. Used on the environment's thread.
class Programs : public std::enable_shared_from_this<Programs> {
 public:
  using Id = std::int32_t;

  // Throws Napi::Error.
  static std::shared_ptr<Programs> Make(Napi::Env env);
  ~Programs();
  Programs(const Programs&) = delete;
  Programs& operator=(const Programs&) = delete;

  using Start = std::function<std::unique_ptr<port::Program>()>;

  // Starts a program, with the process identity on the thread, and calls `ended(code, signal)` from the event
  // loop in the async context of this call. Returns its object for JavaScript: see `startProgram` in
  // types/native-program.d.ts. Throws Napi::Error and Error.
  Napi::Object Add(const Start& start, Napi::Function ended);

  // Returns 0 or an errno; ESRCH if there is no such program.
  int Kill(Id id, int signal);
  void KeepLoop(Id id, bool keep);
  void Close(Id id);

 private:
  struct Running;
  struct Ended;

  explicit Programs(Napi::Env env);
  void Deliver();
  void UpdateLoop();

  const Napi::Env env_;
  std::shared_ptr<LoopWake> wake_;
  std::shared_ptr<Ended> ended_;
  std::unordered_map<Id, std::shared_ptr<Running>> programs_;
  Id last_ = 0;
};

// libuv's number for an errno, or for itself.
int UvNumber(int error) noexcept;

}  // namespace impersonate
