#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <unordered_map>
#include <utility>

#include "core/error.h"

namespace impersonate {

// Ids of the open resources of an environment, which are released with it at the latest. Used on its thread
// only.
template <typename Item>
class IdTable {
 public:
  // Returns a positive id.
  std::int32_t Add(std::shared_ptr<Item> item) {
    do {
      last_ = last_ == std::numeric_limits<std::int32_t>::max() ? 1 : last_ + 1;
    } while (open_.count(last_) != 0);
    open_.emplace(last_, std::move(item));
    return last_;
  }

  // Throws ERR_INVALID_ARG_VALUE if the id is not open.
  std::shared_ptr<Item> Find(std::int32_t id) const {
    const auto found = open_.find(id);
    if (found == open_.end()) throw Error("ERR_INVALID_ARG_VALUE", "There is no open resource with this id");
    return found->second;
  }

  // The same as Find, and frees the id.
  std::shared_ptr<Item> Take(std::int32_t id) {
    std::shared_ptr<Item> item = Find(id);
    open_.erase(id);
    return item;
  }

  // Frees the id, if it is open.
  void Forget(std::int32_t id) { open_.erase(id); }

 private:
  std::unordered_map<std::int32_t, std::shared_ptr<Item>> open_;
  std::int32_t last_ = 0;
};

}  // namespace impersonate
