#include "core/wipe.h"

#include <atomic>

namespace impersonate {

void Wipe(void* memory, std::size_t size) noexcept {
  auto* const bytes = static_cast<volatile unsigned char*>(memory);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = 0;
  // Nor may the memory be freed before.
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

}  // namespace impersonate
