#include "core/token_table.h"

#include <string>
#include <utility>

#include "core/error.h"

namespace impersonate {
namespace {

constexpr std::uint16_t kMaxGeneration = 0x7fff;  // 15 bits above the 16 of the index: ids stay positive

std::int32_t MakeId(std::uint16_t generation, std::size_t index) {
  return static_cast<std::int32_t>((static_cast<std::uint32_t>(generation) << 16) |
                                   static_cast<std::uint32_t>(index));
}

std::size_t IndexOf(std::int32_t id) { return static_cast<std::uint32_t>(id) & 0xffffU; }

std::uint32_t GenerationOf(std::int32_t id) { return static_cast<std::uint32_t>(id) >> 16; }

}  // namespace

TokenTable& TokenTable::Get() {
  static TokenTable* const table = new TokenTable;
  return *table;
}

std::int32_t TokenTable::Add(TokenRef token) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (count_ >= limit_) {
    throw Error("ERR_TOKEN_LIMIT",
                "There are " + std::to_string(count_) +
                    " open tokens in this process, which is the limit: close() tokens that "
                    "are no longer needed, or raise Token.limit");
  }
  std::size_t index;
  if (free_.empty()) {
    index = slots_.size();
    slots_.emplace_back();
  } else {
    index = free_.front();
    free_.pop_front();
  }
  Slot& slot = slots_[index];
  token->AddOwner();
  slot.token = std::move(token);
  slot.owned = true;
  ++count_;
  return MakeId(slot.generation, index);
}

const TokenTable::Slot* TokenTable::SlotOf(std::int32_t id) const {
  const std::size_t index = IndexOf(id);
  if (id <= 0 || index >= slots_.size()) return nullptr;
  const Slot& slot = slots_[index];
  return slot.token && slot.generation == GenerationOf(id) ? &slot : nullptr;
}

TokenRef TokenTable::Find(std::int32_t id) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const Slot* slot = SlotOf(id);
  return slot ? slot->token : nullptr;
}

TokenRef TokenTable::Disown(std::int32_t id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!SlotOf(id)) return nullptr;
  Slot& slot = slots_[IndexOf(id)];
  if (std::exchange(slot.owned, false)) slot.token->RemoveOwner();
  return slot.token;
}

TokenRef TokenTable::Close(std::int32_t id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!SlotOf(id)) return nullptr;
  const std::size_t index = IndexOf(id);
  Slot& slot = slots_[index];
  TokenRef released = std::move(slot.token);
  if (std::exchange(slot.owned, false)) released->RemoveOwner();
  slot.token = nullptr;
  slot.generation = slot.generation == kMaxGeneration ? 1 : static_cast<std::uint16_t>(slot.generation + 1);
  free_.push_back(static_cast<std::uint16_t>(index));
  --count_;
  return released;
}

std::size_t TokenTable::count() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return count_;
}

std::size_t TokenTable::limit() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return limit_;
}

void TokenTable::SetLimit(std::size_t limit) {
  const std::lock_guard<std::mutex> lock(mutex_);
  limit_ = limit;
}

}  // namespace impersonate
