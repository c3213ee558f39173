#include "fs/directory.h"

#include <vector>

#include "fs/request.h"

namespace impersonate::fs {

int Directory::Read(std::size_t count, Entries& entries) {
  const std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return UV_EBUSY;
  if (!dir_) return UV_EBADF;
  std::vector<uv_dirent_t> found(count);
  dir_->dirents = found.data();
  dir_->nentries = count;
  Request request;
  const int read = uv_fs_readdir(nullptr, request.get(), dir_, nullptr);
  if (read < 0) return read;
  for (int i = 0; i < read; ++i) entries.Add(found[static_cast<std::size_t>(i)]);
  return 0;
}

int Directory::Close() noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!dir_) return 0;
  Request request;
  const int result = uv_fs_closedir(nullptr, request.get(), dir_, nullptr);
  dir_ = nullptr;
  return result;
}

}  // namespace impersonate::fs
