#include <windows.h>

#include <algorithm>
#include <cstdint>

#include "floor.h"

namespace floor_addon {
namespace {

// A thread that impersonates nobody has no token, the usual case; one that there is would have to be kept.
bool ReadThread() {
  HANDLE token = nullptr;
  if (OpenThreadToken(GetCurrentThread(), TOKEN_IMPERSONATE, TRUE, &token)) {
    CloseHandle(token);
    return true;
  }
  return GetLastError() == ERROR_NO_TOKEN;
}

void Run(const Napi::CallbackInfo& info, bool checked) {
  bool lossless = false;
  const std::uint64_t value = info[0].As<Napi::BigInt>().Uint64Value(&lossless);
  const HANDLE token = reinterpret_cast<HANDLE>(static_cast<std::uintptr_t>(value));
  const std::int64_t count = info[1].As<Napi::Number>().Int64Value();
  for (std::int64_t i = 0; i < count; ++i) {
    if ((checked && !ReadThread()) || !SetThreadToken(nullptr, token) || !SetThreadToken(nullptr, nullptr)) {
      throw Napi::Error::New(info.Env(), "SetThreadToken failed");
    }
  }
}

double AllocatedOf(HANDLE heap) {
  if (!HeapLock(heap)) return 0;
  double bytes = 0;
  PROCESS_HEAP_ENTRY entry{};
  while (HeapWalk(heap, &entry)) {
    if ((entry.wFlags & PROCESS_HEAP_ENTRY_BUSY) != 0) bytes += entry.cbData;
  }
  HeapUnlock(heap);
  return bytes;
}

}  // namespace

void SwitchPairs(const Napi::CallbackInfo& info) { Run(info, false); }

void CheckedSwitchPairs(const Napi::CallbackInfo& info) { Run(info, true); }

double AllocatedBytes() {
  HANDLE heaps[64];
  const DWORD count = std::min<DWORD>(GetProcessHeaps(64, heaps), 64);
  double bytes = 0;
  for (DWORD i = 0; i < count; ++i) bytes += AllocatedOf(heaps[i]);
  return bytes;
}

}  // namespace floor_addon
