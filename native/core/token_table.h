#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "core/token.h"

namespace impersonate {

// Ids of open tokens: JavaScript refers to a token by an int32, and the id of a closed token does not refer
// to another one. One table for the process, so that threads can share tokens.
class TokenTable {
 public:
  static constexpr std::size_t kMaxLimit = 65536;

  // The process's table. Never destroyed: worker threads may outlive static destruction.
  static TokenTable& Get();

  // A positive id; throws ERR_TOKEN_LIMIT at the limit.
  std::int32_t Add(TokenRef token);
  // Null if the id is closed or unknown.
  TokenRef Find(std::int32_t id) const;
  // The owner has closed the id, which flows still refer to. Returns the token; null if the id is not open.
  TokenRef Disown(std::int32_t id);
  // Returns the token, which lives as long as a scope or job refers to it; null if the id was not open.
  TokenRef Close(std::int32_t id);

  std::size_t count() const;
  std::size_t limit() const;
  // Applies to tokens that are added later.
  void SetLimit(std::size_t limit);

 private:
  struct Slot {
    TokenRef token;
    std::uint16_t generation = 1;
    bool owned = false;
  };

  TokenTable() = default;
  const Slot* SlotOf(std::int32_t id) const;

  mutable std::mutex mutex_;
  std::vector<Slot> slots_;
  // First in, first out, so that an index is used again as late as possible.
  std::deque<std::uint16_t> free_;
  std::size_t count_ = 0;
  std::size_t limit_ = 16384;
};

}  // namespace impersonate
