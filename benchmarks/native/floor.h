#pragma once

#include <napi.h>

// What no way of acting as a user can be faster than: the system's own calls, in a loop. Each port has its
// own.
namespace floor_addon {

// switchPairs(identity..., count): takes an identity on and gives it back.
void SwitchPairs(const Napi::CallbackInfo& info);

// checkedSwitchPairs(identity..., count): the same, with what a scope asks the system besides.
void CheckedSwitchPairs(const Napi::CallbackInfo& info);

// Bytes that the process has allocated of the C heap.
double AllocatedBytes();

}  // namespace floor_addon
