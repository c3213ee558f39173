#pragma once

#include <napi.h>

#include <memory>

// What no way of acting as a user can be faster than: the system's own calls. Each port has its own.
namespace floor_addon {

// Who is switched to, in the form that the system's calls take.
struct Identity;

struct IdentityDelete {
  void operator()(Identity* identity) const noexcept;
};
using IdentityPtr = std::unique_ptr<Identity, IdentityDelete>;

// Of the arguments of identity(). Lives while JavaScript has it.
IdentityPtr MakeIdentity(const Napi::CallbackInfo& info);

// The bare calls, on the calling thread. False where the system refuses.
bool TakeOn(const Identity& identity);
bool GiveBack();

// The same with what a scope asks the system besides: whether the thread is what it was before, and whether
// the calls have done what they claim.
bool TakeOnChecked(const Identity& identity);
bool GiveBackChecked();

// Bytes that the process has allocated of the C heap.
double AllocatedBytes();

}  // namespace floor_addon
