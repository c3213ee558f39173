#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "fs/directory.h"

namespace impersonate {

// Numbers for the directories that an environment has open, which are closed with it at the latest.
class DirectoryTable {
 public:
  std::int32_t Add(std::shared_ptr<fs::Directory> directory);
  // Throws ERR_INVALID_ARG_VALUE for a number that stands for no open directory.
  std::shared_ptr<fs::Directory> Find(std::int32_t id) const;
  // The same, and the number stands for it no more.
  std::shared_ptr<fs::Directory> Take(std::int32_t id);

 private:
  std::unordered_map<std::int32_t, std::shared_ptr<fs::Directory>> open_;
  std::int32_t last_ = 0;
};

}  // namespace impersonate
