#include <windows.h>

#include <memory>

#include "core/port.h"
#include "win32/last_error.h"

namespace impersonate::port {
namespace {

struct ThreadEnd {
  void (*at_end)(void*);
  void* data;
};

void CALLBACK OnThreadEnd(void* value) {
  const std::unique_ptr<ThreadEnd> end(static_cast<ThreadEnd*>(value));
  if (end) end->at_end(end->data);
}

// A fiber-local slot is the one that has a callback; for a thread without fibers it is the thread's. Kept for
// good, as the module is.
DWORD Slot() {
  const DWORD slot = FlsAlloc(&OnThreadEnd);
  if (slot == FLS_OUT_OF_INDEXES) win32::ThrowLastError("FlsAlloc");
  return slot;
}

}  // namespace

void AtThreadEnd(void (*at_end)(void* data), void* data) {
  static const DWORD slot = Slot();
  auto end = std::make_unique<ThreadEnd>(ThreadEnd{at_end, data});
  if (!FlsSetValue(slot, end.get())) win32::ThrowLastError("FlsSetValue");
  static_cast<void>(end.release());
}

}  // namespace impersonate::port
