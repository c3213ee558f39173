#include <windows.h>

#include <algorithm>
#include <cstdint>

#include "floor.h"

namespace floor_addon {

struct Identity {
  HANDLE token;
};

void IdentityDelete::operator()(Identity* identity) const noexcept { delete identity; }

// identity(handle of a token). The caller keeps ownership of the handle.
IdentityPtr MakeIdentity(const Napi::CallbackInfo& info) {
  bool lossless = false;
  const std::uint64_t value = info[0].As<Napi::BigInt>().Uint64Value(&lossless);
  return IdentityPtr(new Identity{reinterpret_cast<HANDLE>(static_cast<std::uintptr_t>(value))});
}

namespace {

// A thread that does not impersonate has no token, the usual case. An existing token would have to be
// restored.
bool ReadThread() {
  HANDLE token = nullptr;
  if (OpenThreadToken(GetCurrentThread(), TOKEN_IMPERSONATE, TRUE, &token)) {
    CloseHandle(token);
    return true;
  }
  return GetLastError() == ERROR_NO_TOKEN;
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

bool Enter(const Identity& identity) { return SetThreadToken(nullptr, identity.token) != FALSE; }

bool Revert() { return SetThreadToken(nullptr, nullptr) != FALSE; }

bool EnterChecked(const Identity& identity) { return ReadThread() && Enter(identity); }

bool RevertChecked() { return Revert(); }

double AllocatedBytes() {
  HANDLE heaps[64];
  const DWORD count = std::min<DWORD>(GetProcessHeaps(64, heaps), 64);
  double bytes = 0;
  for (DWORD i = 0; i < count; ++i) bytes += AllocatedOf(heaps[i]);
  return bytes;
}

}  // namespace floor_addon
