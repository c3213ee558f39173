#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <unordered_map>
#include <utility>

#include "core/error.h"

namespace impersonate {

// Ids for what an environment has open, released with the environment at the latest. Used on its thread only.
template <typename Item>
class IdTable {
 public:
  // A positive number.
  std::int32_t Add(std::shared_ptr<Item> item) {
    do {
      last_ = last_ == std::numeric_limits<std::int32_t>::max() ? 1 : last_ + 1;
    } while (open_.count(last_) != 0);
    open_.emplace(last_, std::move(item));
    return last_;
  }

  // Throws ERR_INVALID_ARG_VALUE for a number that stands for nothing open.
  std::shared_ptr<Item> Find(std::int32_t id) const {
    const auto found = open_.find(id);
    if (found == open_.end()) throw Error("ERR_INVALID_ARG_VALUE", "There is nothing open of that number");
    return found->second;
  }

  // The same, and the id becomes free.
  std::shared_ptr<Item> Take(std::int32_t id) {
    std::shared_ptr<Item> item = Find(id);
    open_.erase(id);
    return item;
  }

  // Makes the id free, if it stands for anything.
  void Forget(std::int32_t id) { open_.erase(id); }

 private:
  std::unordered_map<std::int32_t, std::shared_ptr<Item>> open_;
  std::int32_t last_ = 0;
};

}  // namespace impersonate
