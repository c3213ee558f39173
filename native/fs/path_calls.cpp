#include "fs/operations.h"

#include <uv.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "core/port/path.h"
#include "fs/call.h"
#include "fs/request.h"

namespace impersonate::fs {
namespace {

using port::GuardedPath;
using port::LastComponent;

template <typename Make>
void ReadPath(Call& call, Make make) {
  Run(call, make, [&call](uv_fs_t* request, int) {
    call.result = std::string(static_cast<const char*>(uv_fs_get_ptr(request)));
  });
}

// For a call with two directory entries.
template <typename Make>
void RunBetween(Call& call, Make make) {
  const GuardedPath from(call.path, LastComponent::kEntry);
  const GuardedPath to(call.dest, LastComponent::kEntry);
  call.error = from.error() != 0 ? from.error() : to.error();
  if (call.error == 0) Run(call, [&](uv_fs_t* r) { return make(r, from.c_str(), to.c_str()); });
}

// For a call that follows no link at the end, unless the path ends in a slash.
template <typename Make>
void RunAtItself(Call& call, Make make) {
  const bool follows = !call.path.empty() && call.path.back() == '/';
  WithPath(call, follows ? LastComponent::kTarget : LastComponent::kEntry, [&](const GuardedPath& at) {
    const std::string path = std::string(at.c_str()) + (follows && at.fd() >= 0 ? "/" : "");
    Run(call, [&](uv_fs_t* r) { return make(r, path.c_str()); });
  });
}

// By the descriptor if there is one, otherwise by the path.
void StatAt(Call& call, LastComponent last, int (*stat)(uv_loop_t*, uv_fs_t*, const char*, uv_fs_cb)) {
  WithPath(call, last, [&](const GuardedPath& at) {
    Run(
        call,
        [&](uv_fs_t* r) {
          return at.fd() >= 0 ? uv_fs_fstat(nullptr, r, at.fd(), nullptr)
                              : stat(nullptr, r, at.c_str(), nullptr);
        },
        [&](uv_fs_t* r, int) { call.result = *uv_fs_get_statbuf(r); });
  });
}

// How many characters uv_fs_mkdtemp() replaces.
constexpr std::size_t kRandomLength = 6;

}  // namespace

void Access(Call& call) {
  const int mode = As<int>(call.first);
  WithPath(call, LastComponent::kTarget, [&](const GuardedPath& at) {
    if (const auto error = port::AccessAsUser(at.c_str(), mode)) {
      call.error = -*error;
      return;
    }
    Run(call, [&](uv_fs_t* r) { return uv_fs_access(nullptr, r, at.c_str(), mode, nullptr); });
  });
}

void Chmod(Call& call) {
  RunAt(call, LastComponent::kTarget, [&](uv_fs_t* r, const char* path) {
    return uv_fs_chmod(nullptr, r, path, As<int>(call.first), nullptr);
  });
}

void Chown(Call& call) {
  RunAt(call, LastComponent::kTarget, [&](uv_fs_t* r, const char* path) {
    return uv_fs_chown(nullptr, r, path, As<uv_uid_t>(call.first), As<uv_gid_t>(call.second), nullptr);
  });
}

void Guard(Call& call) {
  GuardedPath at(call.path, static_cast<LastComponent>(call.first));
  call.error = at.error();
  if (call.error != 0) return;
  std::string path = at.c_str();
  call.result = Guarded{at.Release(), std::move(path)};
}

void LChown(Call& call) {
  RunAtItself(call, [&](uv_fs_t* r, const char* path) {
    return uv_fs_lchown(nullptr, r, path, As<uv_uid_t>(call.first), As<uv_gid_t>(call.second), nullptr);
  });
}

void Link(Call& call) {
  RunBetween(call, [](uv_fs_t* r, const char* from, const char* to) {
    return uv_fs_link(nullptr, r, from, to, nullptr);
  });
}

void LStat(Call& call) { StatAt(call, LastComponent::kItself, uv_fs_lstat); }

void LUtime(Call& call) {
  RunAtItself(call, [&](uv_fs_t* r, const char* path) {
    return uv_fs_lutime(nullptr, r, path, call.atime, call.mtime, nullptr);
  });
}

void MkDir(Call& call) {
  RunAt(call, LastComponent::kEntry, [&](uv_fs_t* r, const char* path) {
    return uv_fs_mkdir(nullptr, r, path, As<int>(call.first), nullptr);
  });
}

void MkDTemp(Call& call) {
  RunAt(
      call, LastComponent::kEntry,
      [&](uv_fs_t* r, const char* path) { return uv_fs_mkdtemp(nullptr, r, path, nullptr); },
      [&](uv_fs_t* r, int) {
        // The end of the path is the random name.
        const std::string made = uv_fs_get_path(r);
        const std::size_t end = std::min(kRandomLength, call.path.size());
        call.result = call.path.substr(0, call.path.size() - end) + made.substr(made.size() - end);
      });
}

void ReadLink(Call& call) {
  WithPath(call, LastComponent::kEntry, [&](const GuardedPath& at) {
    ReadPath(call, [&](uv_fs_t* r) { return uv_fs_readlink(nullptr, r, at.c_str(), nullptr); });
  });
}

void RealPath(Call& call) {
  // The link of an open descriptor in /proc is the real path.
  WithPath(call, LastComponent::kTarget, [&](const GuardedPath& at) {
    ReadPath(call, [&](uv_fs_t* r) {
      return at.fd() >= 0 ? uv_fs_readlink(nullptr, r, at.c_str(), nullptr)
                          : uv_fs_realpath(nullptr, r, at.c_str(), nullptr);
    });
  });
}

void Rename(Call& call) {
  RunBetween(call, [](uv_fs_t* r, const char* from, const char* to) {
    return uv_fs_rename(nullptr, r, from, to, nullptr);
  });
}

void RmDir(Call& call) {
  RunAt(call, LastComponent::kEntry,
        [&](uv_fs_t* r, const char* path) { return uv_fs_rmdir(nullptr, r, path, nullptr); });
}

void ScanDir(Call& call) {
  RunAt(
      call, LastComponent::kTarget,
      [&](uv_fs_t* r, const char* path) { return uv_fs_scandir(nullptr, r, path, 0, nullptr); },
      [&](uv_fs_t* r, int) {
        Entries entries;
        uv_dirent_t entry;
        while (uv_fs_scandir_next(r, &entry) != UV_EOF) entries.Add(entry);
        call.result = std::move(entries);
      });
}

void Stat(Call& call) { StatAt(call, LastComponent::kTarget, uv_fs_stat); }

void StatFs(Call& call) {
  RunAt(
      call, LastComponent::kTarget,
      [&](uv_fs_t* r, const char* path) { return uv_fs_statfs(nullptr, r, path, nullptr); },
      [&](uv_fs_t* r, int) { call.result = *static_cast<const uv_statfs_t*>(uv_fs_get_ptr(r)); });
}

void SymLink(Call& call) {
  const GuardedPath at(call.dest, LastComponent::kEntry);
  call.error = at.error();
  if (call.error != 0) return;
  Run(call, [&](uv_fs_t* r) {
    return uv_fs_symlink(nullptr, r, call.path.c_str(), at.c_str(), As<int>(call.first), nullptr);
  });
}

void Unlink(Call& call) {
  RunAt(call, LastComponent::kEntry,
        [&](uv_fs_t* r, const char* path) { return uv_fs_unlink(nullptr, r, path, nullptr); });
}

void UTime(Call& call) {
  RunAt(call, LastComponent::kTarget, [&](uv_fs_t* r, const char* path) {
    return uv_fs_utime(nullptr, r, path, call.atime, call.mtime, nullptr);
  });
}

}  // namespace impersonate::fs
