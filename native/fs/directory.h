#pragma once

#include <uv.h>

#include <cstddef>
#include <mutex>
#include <string>

namespace impersonate::fs {

// Entries of a directory: their names with a slash between them, and a digit for each, its UV_DIRENT_ type.
struct Entries {
  void Add(const uv_dirent_t& entry) {
    if (!types.empty()) names += '/';
    names += entry.name;
    types += static_cast<char>('0' + entry.type);
  }

  std::string names, types;
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
  int Read(std::size_t count, Entries& entries);
  // Waits for a thread that is reading. 0 or libuv's negative number.
  int Close() noexcept;

 private:
  std::mutex mutex_;
  uv_dir_t* dir_;
};

}  // namespace impersonate::fs
