#include "fs/directory.h"

#include "fs/request.h"

namespace impersonate::fs {

int Directory::Read(std::size_t count, std::vector<Entry>& entries) {
  const std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return UV_EBUSY;
  if (!dir_) return UV_EBADF;
  std::vector<uv_dirent_t> found(count);
  dir_->dirents = found.data();
  dir_->nentries = count;
  Request request;
  const int read = uv_fs_readdir(nullptr, request.get(), dir_, nullptr);
  if (read < 0) return read;
  entries.reserve(static_cast<std::size_t>(read));
  for (int i = 0; i < read; ++i) {
    const uv_dirent_t& entry = found[static_cast<std::size_t>(i)];
    entries.push_back({entry.name, entry.type});
  }
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
