#include "fs/operations.h"

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "core/port/path.h"
#include "fs/call.h"
#include "fs/request.h"

namespace impersonate::fs {
namespace {

using port::GuardedPath;
using port::LastComponent;

void Remove(const std::string& path) {
  const GuardedPath at(path, LastComponent::kEntry);
  Request request;
  if (at.error() == 0) uv_fs_unlink(nullptr, request.get(), at.c_str(), nullptr);
}

// Reads a regular file of at most `most` bytes; returns false if it is something else or cannot be read. Does
// not change the descriptor's position.
bool ReadWhole(uv_file file, std::int64_t most, Contents& contents) {
  Request stat;
  if (uv_fs_fstat(nullptr, stat.get(), file, nullptr) != 0) return false;
  const uv_stat_t& found = *uv_fs_get_statbuf(stat.get());
  const auto size = found.st_size;
  // A size of 0 may also be that of a file that the kernel generates when it is read, as in /proc.
  if ((found.st_mode & S_IFMT) != S_IFREG || size == 0 || size > static_cast<std::uint64_t>(most))
    return false;
  contents.resize(static_cast<std::size_t>(size));
  std::size_t count = 0;
  while (count < contents.size()) {
    const uv_buf_t rest =
        uv_buf_init(contents.data() + count, static_cast<unsigned>(contents.size() - count));
    Request read;
    const int result =
        uv_fs_read(nullptr, read.get(), file, &rest, 1, static_cast<std::int64_t>(count), nullptr);
    if (result < 0) return false;
    if (result == 0) break;  // it has become shorter
    count += static_cast<std::size_t>(result);
  }
  contents.resize(count);
  return true;
}

}  // namespace

void Close(Call& call) {
  Run(call, [&](uv_fs_t* r) { return uv_fs_close(nullptr, r, As<uv_file>(call.first), nullptr); });
}

void CloseDir(Call& call) { call.error = call.directory->Close(); }

// Guarded files are opened first, in libuv's order. The copy is writable for its owner until libuv gives it
// the mode of the original.
void CopyFile(Call& call) {
  const int flags = As<int>(call.first), exclusive = flags & UV_FS_COPYFILE_EXCL;
  const GuardedPath source(call.path, UV_FS_O_RDONLY, 0);
  call.error = source.error();
  if (call.error != 0) return;
  const GuardedPath copy(call.dest, UV_FS_O_WRONLY | UV_FS_O_CREAT | (exclusive ? UV_FS_O_EXCL : 0), 0600);
  call.error = copy.error();
  if (call.error != 0) return;
  const bool is_opened = copy.fd() >= 0;
  Run(call, [&](uv_fs_t* r) {
    return uv_fs_copyfile(nullptr, r, source.c_str(), copy.c_str(), is_opened ? flags & ~exclusive : flags,
                          nullptr);
  });
  if (is_opened && call.error != 0) Remove(call.dest);
}

void FChmod(Call& call) {
  Run(call, [&](uv_fs_t* r) {
    return uv_fs_fchmod(nullptr, r, As<uv_file>(call.first), As<int>(call.second), nullptr);
  });
}

void FChown(Call& call) {
  Run(call, [&](uv_fs_t* r) {
    return uv_fs_fchown(nullptr, r, As<uv_file>(call.first), As<uv_uid_t>(call.second),
                        As<uv_gid_t>(call.third), nullptr);
  });
}

void FUtime(Call& call) {
  Run(call, [&](uv_fs_t* r) {
    return uv_fs_futime(nullptr, r, As<uv_file>(call.first), call.atime, call.mtime, nullptr);
  });
}

void Open(Call& call) {
  GuardedPath at(call.path, As<int>(call.first), As<int>(call.second));
  call.error = at.error();
  if (call.error != 0) return;
  if (at.fd() >= 0) {
    call.result = Descriptor{at.Release()};
    return;
  }
  Run(
      call,
      [&](uv_fs_t* r) {
        return uv_fs_open(nullptr, r, at.c_str(), As<int>(call.first), As<int>(call.second), nullptr);
      },
      [&](uv_fs_t*, int fd) { call.result = Descriptor{fd}; });
}

void OpenDir(Call& call) {
  RunAt(
      call, LastComponent::kTarget,
      [&](uv_fs_t* r, const char* path) { return uv_fs_opendir(nullptr, r, path, nullptr); },
      [&](uv_fs_t* r, int) {
        call.result = std::make_shared<Directory>(static_cast<uv_dir_t*>(uv_fs_get_ptr(r)));
      });
}

void ReadDir(Call& call) {
  Entries entries;
  call.error = call.directory->Read(As<std::size_t>(call.first), entries);
  if (call.error != 0) return;
  if (entries.types.empty()) {
    call.result = NoMoreEntries{};
  } else {
    call.result = std::move(entries);
  }
}

// The result is the contents, or the open descriptor if ReadWhole returns false: the caller then reads and
// reports any error.
void ReadFile(Call& call) {
  Open(call);
  const auto* opened = std::get_if<Descriptor>(&call.result);
  Contents contents;
  if (!opened || !ReadWhole(opened->fd, call.third, contents)) return;
  CloseDescriptor(opened->fd);
  call.result = std::move(contents);
}

// There is no result if everything is written and the file closed. Otherwise the caller writes the rest and
// reports any error.
void WriteFile(Call& call) {
  Open(call);
  const auto* opened = std::get_if<Descriptor>(&call.result);
  if (!opened) return;
  const uv_file file = opened->fd;
  std::size_t count = 0;
  while (count < call.data.size()) {
    const uv_buf_t rest =
        uv_buf_init(call.data.data() + count, static_cast<unsigned>(call.data.size() - count));
    Request write;
    const int result = uv_fs_write(nullptr, write.get(), file, &rest, 1, -1, nullptr);
    if (result <= 0) {
      call.result = Unwritten{file, static_cast<std::int64_t>(count)};
      return;
    }
    count += static_cast<std::size_t>(result);
  }
  const int closed = CloseDescriptor(file);
  if (closed == 0) {
    call.result = std::monostate{};
  } else {
    call.result = Unwritten{-1, closed};
  }
}

}  // namespace impersonate::fs
