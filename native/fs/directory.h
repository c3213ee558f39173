#pragma once

#include <uv.h>

#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

namespace impersonate::fs {

// A name in a directory, and its UV_DIRENT_ type.
struct Entry {
  std::string name;
  int type = UV_DIRENT_UNKNOWN;
};

// A directory that is read by one thread at a time. Closed with the object at the latest.
class Directory {
 public:
  // Takes ownership of a result of uv_fs_opendir.
  explicit Directory(uv_dir_t* dir) noexcept : dir_(dir) {}
  ~Directory() { Close(); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  // Appends up to `count` entries, none at the end; 0 or libuv's negative number, UV_EBUSY while another
  // thread reads and UV_EBADF once it is closed.
  int Read(std::size_t count, std::vector<Entry>& entries);
  // Waits for a thread that is reading. 0 or libuv's negative number.
  int Close() noexcept;

 private:
  std::mutex mutex_;
  uv_dir_t* dir_;
};

}  // namespace impersonate::fs
