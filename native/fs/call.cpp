#include "fs/call.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/port.h"
#include "fs/request.h"

namespace impersonate::fs {
namespace {

// Makes libuv's call. Notes its error, or lets `take` have what it found before that is released.
template <typename Make, typename Take>
void Do(Call& call, Make make, Take take) {
  Request request;
  const int result = make(request.get());
  if (result < 0) {
    call.error = result;
  } else {
    take(request.get(), result);
  }
}

template <typename Make>
void Do(Call& call, Make make) {
  Do(call, make, [](uv_fs_t*, int) {});
}

template <typename Make>
void DoPath(Call& call, Make make) {
  Do(call, make, [&call](uv_fs_t* request, int) {
    call.result = std::string(static_cast<const char*>(uv_fs_get_ptr(request)));
  });
}

using port::GuardedPath;
using port::Last;

// Makes the call with the path as it is guarded, or notes why there is none.
template <typename Make>
void DoAt(Call& call, Last last, Make make) {
  const GuardedPath at(call.path, last);
  call.error = at.error();
  if (call.error == 0) make(at);
}

// For a call with two entries of directories.
template <typename Make>
void DoBetween(Call& call, Make make) {
  const GuardedPath from(call.path, Last::kEntry);
  const GuardedPath to(call.dest, Last::kEntry);
  call.error = from.error() != 0 ? from.error() : to.error();
  if (call.error == 0) Do(call, [&](uv_fs_t* r) { return make(r, from.c_str(), to.c_str()); });
}

// For a call that follows no link at the end, unless the path ends in a slash.
template <typename Make>
void DoItself(Call& call, Make make) {
  const bool follows = !call.path.empty() && call.path.back() == '/';
  DoAt(call, follows ? Last::kTarget : Last::kEntry, [&](const GuardedPath& at) {
    const std::string path = std::string(at.c_str()) + (follows && at.fd() >= 0 ? "/" : "");
    Do(call, [&](uv_fs_t* r) { return make(r, path.c_str()); });
  });
}

// By the descriptor where there is one, else by the path.
void DoStatAt(Call& call, Last last, int (*stat)(uv_loop_t*, uv_fs_t*, const char*, uv_fs_cb)) {
  DoAt(call, last, [&](const GuardedPath& at) {
    Do(
        call,
        [&](uv_fs_t* r) {
          return at.fd() >= 0 ? uv_fs_fstat(nullptr, r, at.fd(), nullptr)
                              : stat(nullptr, r, at.c_str(), nullptr);
        },
        [&](uv_fs_t* r, int) { call.result = *uv_fs_get_statbuf(r); });
  });
}

template <typename Number>
Number As(std::int64_t value) {
  return static_cast<Number>(value);
}

void Access(Call& call) {
  const int mode = As<int>(call.first);
  DoAt(call, Last::kTarget, [&](const GuardedPath& at) {
    if (const auto error = port::AccessAsUser(at.c_str(), mode)) {
      call.error = -*error;
      return;
    }
    Do(call, [&](uv_fs_t* r) { return uv_fs_access(nullptr, r, at.c_str(), mode, nullptr); });
  });
}

void Chmod(Call& call) {
  DoAt(call, Last::kTarget, [&](const GuardedPath& at) {
    Do(call, [&](uv_fs_t* r) { return uv_fs_chmod(nullptr, r, at.c_str(), As<int>(call.first), nullptr); });
  });
}

void Chown(Call& call) {
  DoAt(call, Last::kTarget, [&](const GuardedPath& at) {
    Do(call, [&](uv_fs_t* r) {
      return uv_fs_chown(nullptr, r, at.c_str(), As<uv_uid_t>(call.first), As<uv_gid_t>(call.second),
                         nullptr);
    });
  });
}

void Close(Call& call) {
  Do(call, [&](uv_fs_t* r) { return uv_fs_close(nullptr, r, As<uv_file>(call.first), nullptr); });
}

void CloseDir(Call& call) { call.error = call.directory->Close(); }

void Remove(const std::string& path) {
  const GuardedPath at(path, Last::kEntry);
  Request request;
  if (at.error() == 0) uv_fs_unlink(nullptr, request.get(), at.c_str(), nullptr);
}

// What is guarded is opened first, in libuv's order. The copy is its owner's to write until libuv gives it
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
  Do(call, [&](uv_fs_t* r) {
    return uv_fs_copyfile(nullptr, r, source.c_str(), copy.c_str(), is_opened ? flags & ~exclusive : flags,
                          nullptr);
  });
  if (is_opened && call.error != 0) Remove(call.dest);
}

void FChmod(Call& call) {
  Do(call, [&](uv_fs_t* r) {
    return uv_fs_fchmod(nullptr, r, As<uv_file>(call.first), As<int>(call.second), nullptr);
  });
}

void FChown(Call& call) {
  Do(call, [&](uv_fs_t* r) {
    return uv_fs_fchown(nullptr, r, As<uv_file>(call.first), As<uv_uid_t>(call.second),
                        As<uv_gid_t>(call.third), nullptr);
  });
}

void FUtime(Call& call) {
  Do(call, [&](uv_fs_t* r) {
    return uv_fs_futime(nullptr, r, As<uv_file>(call.first), call.atime, call.mtime, nullptr);
  });
}

void Guard(Call& call) {
  GuardedPath at(call.path, static_cast<Last>(call.first));
  call.error = at.error();
  if (call.error != 0) return;
  std::string path = at.c_str();
  call.result = Guarded{at.Release(), std::move(path)};
}

void LChown(Call& call) {
  DoItself(call, [&](uv_fs_t* r, const char* path) {
    return uv_fs_lchown(nullptr, r, path, As<uv_uid_t>(call.first), As<uv_gid_t>(call.second), nullptr);
  });
}

void Link(Call& call) {
  DoBetween(call, [](uv_fs_t* r, const char* from, const char* to) {
    return uv_fs_link(nullptr, r, from, to, nullptr);
  });
}

void LStat(Call& call) { DoStatAt(call, Last::kItself, uv_fs_lstat); }

void LUtime(Call& call) {
  DoItself(call, [&](uv_fs_t* r, const char* path) {
    return uv_fs_lutime(nullptr, r, path, call.atime, call.mtime, nullptr);
  });
}

void MkDir(Call& call) {
  DoAt(call, Last::kEntry, [&](const GuardedPath& at) {
    Do(call, [&](uv_fs_t* r) { return uv_fs_mkdir(nullptr, r, at.c_str(), As<int>(call.first), nullptr); });
  });
}

// How many characters uv_fs_mkdtemp() replaces.
constexpr std::size_t kMadeUp = 6;

void MkDTemp(Call& call) {
  DoAt(call, Last::kEntry, [&](const GuardedPath& at) {
    Do(
        call, [&](uv_fs_t* r) { return uv_fs_mkdtemp(nullptr, r, at.c_str(), nullptr); },
        [&](uv_fs_t* r, int) {
          // The end of the path is what has been made up.
          const std::string made = uv_fs_get_path(r);
          const std::size_t end = std::min(kMadeUp, call.path.size());
          call.result = call.path.substr(0, call.path.size() - end) + made.substr(made.size() - end);
        });
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
  Do(
      call,
      [&](uv_fs_t* r) {
        return uv_fs_open(nullptr, r, at.c_str(), As<int>(call.first), As<int>(call.second), nullptr);
      },
      [&](uv_fs_t*, int fd) { call.result = Descriptor{fd}; });
}

void OpenDir(Call& call) {
  DoAt(call, Last::kTarget, [&](const GuardedPath& at) {
    Do(
        call, [&](uv_fs_t* r) { return uv_fs_opendir(nullptr, r, at.c_str(), nullptr); },
        [&](uv_fs_t* r, int) {
          call.result = std::make_shared<Directory>(static_cast<uv_dir_t*>(uv_fs_get_ptr(r)));
        });
  });
}

void ReadDir(Call& call) {
  Entries entries;
  call.error = call.directory->Read(As<std::size_t>(call.first), entries);
  if (call.error != 0) return;
  if (entries.empty()) {
    call.result = NoMoreEntries{};
  } else {
    call.result = std::move(entries);
  }
}

// Whether it is an ordinary file of at most that size, and could be read. The descriptor's position stays.
bool ReadWhole(uv_file file, std::int64_t most, Contents& contents) {
  Request stat;
  if (uv_fs_fstat(nullptr, stat.get(), file, nullptr) != 0) return false;
  const uv_stat_t& found = *uv_fs_get_statbuf(stat.get());
  const auto size = found.st_size;
  // A size of 0 may also be that of a file which the system makes up as it is read.
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

// Where it does not come to the contents the descriptor is the result: what there is to say of the file is
// for whoever reads on.
void ReadFile(Call& call) {
  Open(call);
  const auto* opened = std::get_if<Descriptor>(&call.result);
  Contents contents;
  if (!opened || !ReadWhole(opened->fd, call.third, contents)) return;
  CloseDescriptor(opened->fd);
  call.result = std::move(contents);
}

void ReadLink(Call& call) {
  DoAt(call, Last::kEntry, [&](const GuardedPath& at) {
    DoPath(call, [&](uv_fs_t* r) { return uv_fs_readlink(nullptr, r, at.c_str(), nullptr); });
  });
}

void RealPath(Call& call) {
  // What is open knows its path.
  DoAt(call, Last::kTarget, [&](const GuardedPath& at) {
    DoPath(call, [&](uv_fs_t* r) {
      return at.fd() >= 0 ? uv_fs_readlink(nullptr, r, at.c_str(), nullptr)
                          : uv_fs_realpath(nullptr, r, at.c_str(), nullptr);
    });
  });
}

void Rename(Call& call) {
  DoBetween(call, [](uv_fs_t* r, const char* from, const char* to) {
    return uv_fs_rename(nullptr, r, from, to, nullptr);
  });
}

void RmDir(Call& call) {
  DoAt(call, Last::kEntry, [&](const GuardedPath& at) {
    Do(call, [&](uv_fs_t* r) { return uv_fs_rmdir(nullptr, r, at.c_str(), nullptr); });
  });
}

void ScanDir(Call& call) {
  DoAt(call, Last::kTarget, [&](const GuardedPath& at) {
    Do(
        call, [&](uv_fs_t* r) { return uv_fs_scandir(nullptr, r, at.c_str(), 0, nullptr); },
        [&](uv_fs_t* r, int count) {
          Entries entries;
          entries.reserve(static_cast<std::size_t>(count));
          uv_dirent_t entry;
          while (uv_fs_scandir_next(r, &entry) != UV_EOF) entries.push_back({entry.name, entry.type});
          call.result = std::move(entries);
        });
  });
}

void Stat(Call& call) { DoStatAt(call, Last::kTarget, uv_fs_stat); }

void StatFs(Call& call) {
  DoAt(call, Last::kTarget, [&](const GuardedPath& at) {
    Do(
        call, [&](uv_fs_t* r) { return uv_fs_statfs(nullptr, r, at.c_str(), nullptr); },
        [&](uv_fs_t* r, int) { call.result = *static_cast<const uv_statfs_t*>(uv_fs_get_ptr(r)); });
  });
}

void SymLink(Call& call) {
  const GuardedPath at(call.dest, Last::kEntry);
  call.error = at.error();
  if (call.error != 0) return;
  Do(call, [&](uv_fs_t* r) {
    return uv_fs_symlink(nullptr, r, call.path.c_str(), at.c_str(), As<int>(call.first), nullptr);
  });
}

void Unlink(Call& call) {
  DoAt(call, Last::kEntry, [&](const GuardedPath& at) {
    Do(call, [&](uv_fs_t* r) { return uv_fs_unlink(nullptr, r, at.c_str(), nullptr); });
  });
}

void UTime(Call& call) {
  DoAt(call, Last::kTarget, [&](const GuardedPath& at) {
    Do(call,
       [&](uv_fs_t* r) { return uv_fs_utime(nullptr, r, at.c_str(), call.atime, call.mtime, nullptr); });
  });
}

}  // namespace

const Operation kOperations[] = {
    {"access", "pi", Access},     {"chmod", "pi", Chmod},         {"chown", "pij", Chown},
    {"close", "i", Close},        {"closedir", "d", CloseDir},    {"copyfile", "pqi", CopyFile},
    {"fchmod", "ij", FChmod},     {"fchown", "ijk", FChown},      {"futime", "it", FUtime},
    {"lchown", "pij", LChown},    {"guard", "pif", Guard},        {"link", "pq", Link},
    {"lstat", "pf", LStat},       {"lutime", "pt", LUtime},       {"mkdir", "pi", MkDir},
    {"mkdtemp", "pf", MkDTemp},   {"open", "pij", Open},          {"opendir", "p", OpenDir},
    {"readdir", "dif", ReadDir},  {"readfile", "pijk", ReadFile}, {"readlink", "pf", ReadLink},
    {"realpath", "pf", RealPath}, {"rename", "pq", Rename},       {"rmdir", "p", RmDir},
    {"scandir", "pf", ScanDir},   {"stat", "pf", Stat},           {"statfs", "pf", StatFs},
    {"symlink", "pqi", SymLink},  {"unlink", "p", Unlink},        {"utime", "pt", UTime},
};
const std::size_t kOperationCount = std::size(kOperations);

int CloseDescriptor(int fd) noexcept {
  Request request;
  return uv_fs_close(nullptr, request.get(), fd, nullptr);
}

std::uint64_t FragmentSize(const uv_statfs_t& stat) noexcept {
  // The header may be older than the libuv that runs: what is f_frsize since 1.52 was spare, and not written.
  constexpr unsigned kSince = (1U << 16) | (52U << 8);
  constexpr std::size_t kPlace = offsetof(uv_statfs_t, f_ffree) + sizeof(stat.f_ffree);
  static_assert(kPlace + sizeof(std::uint64_t) <= sizeof(uv_statfs_t), "libuv has room behind f_ffree");
  std::uint64_t size = 0;
  if (uv_version() >= kSince) {
    std::memcpy(&size, reinterpret_cast<const char*>(&stat) + kPlace, sizeof(size));
  }
  return size;
}

void CheckLayout() {
  if (uv_req_size(UV_FS) == sizeof(uv_fs_t)) return;
  throw Error("ERR_UNSUPPORTED_PLATFORM",
              "This Node's libuv has other records than the ones that impersonate was built for");
}

}  // namespace impersonate::fs
