#pragma once

#include <windows.h>

#include <cstdint>

namespace seam {

// Machine code that stands in for a function of any signature. At each call it asks `choose` where to go on,
// with the caller's arguments untouched. Integer and pointer arguments only: xmm0 to xmm3 are not kept.
class Interposer {
 public:
  // Called on the calling thread; must not throw. Its last error is what the caller sees if it answers
  // Failure().
  using Choose = void* (*)(void* context);

  // `failure` is what a call returns that is sent to Failure().
  Interposer(Choose choose, void* context, std::uint64_t failure);
  Interposer(const Interposer&) = delete;
  Interposer& operator=(const Interposer&) = delete;

  void* Entry() const noexcept { return entry_; }
  // Code that returns at once.
  void* Failure() const noexcept { return failure_; }

 private:
  // Never freed: a thread may be about to run through the code.
  void* entry_;
  void* failure_;
};

}  // namespace seam
