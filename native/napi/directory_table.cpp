#include "napi/directory_table.h"

#include <limits>
#include <utility>

#include "core/error.h"

namespace impersonate {

std::int32_t DirectoryTable::Add(std::shared_ptr<fs::Directory> directory) {
  do {
    last_ = last_ == std::numeric_limits<std::int32_t>::max() ? 1 : last_ + 1;
  } while (open_.count(last_) != 0);
  open_.emplace(last_, std::move(directory));
  return last_;
}

std::shared_ptr<fs::Directory> DirectoryTable::Find(std::int32_t id) const {
  const auto found = open_.find(id);
  if (found == open_.end()) throw Error("ERR_INVALID_ARG_VALUE", "There is no open directory of that number");
  return found->second;
}

std::shared_ptr<fs::Directory> DirectoryTable::Take(std::int32_t id) {
  std::shared_ptr<fs::Directory> directory = Find(id);
  open_.erase(id);
  return directory;
}

}  // namespace impersonate
