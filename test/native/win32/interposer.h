#pragma once

#include <windows.h>

#include <cstdint>

namespace seam {

// Machine code that replaces a function of any signature. At each call it jumps to the address that `choose`
// returns, with the caller's arguments. Integer and pointer arguments only: xmm0 to xmm3 are not saved.
class Interposer {
 public:
  // Called on the calling thread; must not throw. If it returns Failure(), the caller gets its last error.
  using Choose = void* (*)(void* context);

  // `failure` is the result of a call for which `choose` returns Failure().
  Interposer(Choose choose, void* context, std::uint64_t failure);
  Interposer(const Interposer&) = delete;
  Interposer& operator=(const Interposer&) = delete;

  void* Entry() const noexcept { return entry_; }
  // Code that returns `failure` at once.
  void* Failure() const noexcept { return failure_; }

 private:
  // Never freed: a thread may be about to run the code.
  void* entry_;
  void* failure_;
};

}  // namespace seam
