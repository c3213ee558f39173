#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace impersonate {

// Overwrites memory that held a secret. The writes are volatile, so that the compiler does not remove them as
// dead stores.
inline void Wipe(void* memory, std::size_t size) noexcept {
  auto* const bytes = static_cast<volatile unsigned char*>(memory);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = 0;
  // Keeps the compiler from moving the release of the memory before the writes.
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

// Text that must not stay in memory: one block that never moves or grows, filled with zeros after the text,
// and wiped before it is freed. It cannot be copied or converted to std::string, whose memory is not wiped.
template <typename Unit>
class Secret final {
 public:
  // Room for `capacity` units and a terminator, all zeros.
  explicit Secret(std::size_t capacity) : units_(new Unit[capacity + 1]()), capacity_(capacity) {}
  ~Secret() {
    if (units_) Wipe(units_.get(), (capacity_ + 1) * sizeof(Unit));
  }
  Secret(Secret&&) noexcept = default;
  Secret& operator=(Secret&&) = delete;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  // For filling the block. The text stays terminated if nothing is written beyond the capacity.
  Unit* data() noexcept { return units_.get(); }
  const Unit* data() const noexcept { return units_.get(); }
  std::size_t capacity() const noexcept { return capacity_; }

 private:
  std::unique_ptr<Unit[]> units_;
  std::size_t capacity_;
};

}  // namespace impersonate
