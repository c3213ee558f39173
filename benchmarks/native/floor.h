#pragma once

#include <napi.h>

#include <memory>

// The bare system calls, which no implementation can beat. Each port implements them.
namespace floor_addon {

// The identity to switch to, in the form of the system calls' arguments.
struct Identity;

struct IdentityDelete {
  void operator()(Identity* identity) const noexcept;
};
using IdentityPtr = std::unique_ptr<Identity, IdentityDelete>;

// Parses the arguments of identity(). Lives as long as the JavaScript object.
IdentityPtr MakeIdentity(const Napi::CallbackInfo& info);

// The bare calls, on the calling thread. False if a call fails.
bool Enter(const Identity& identity);
bool Revert();

// The same with a scope's reads: the thread's previous identity, and the result of the calls.
bool EnterChecked(const Identity& identity);
bool RevertChecked();

// Bytes that the process has allocated on the C heap.
double AllocatedBytes();

}  // namespace floor_addon
