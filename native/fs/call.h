#pragma once

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "fs/directory.h"

namespace impersonate::fs {

// A descriptor that a call has opened.
struct Descriptor {
  int fd = -1;
};

// The end of a directory.
struct NoMoreEntries {};

// A path that replaces another one while the descriptor is open: see port::GuardedPath.
struct Guarded {
  int fd = -1;
  std::string path;
};

// A file of which `count` bytes have been written: the descriptor, open for the rest, or -1 if all have been
// but closing it failed with libuv's number `count`.
struct Unwritten {
  int fd = -1;
  std::int64_t count = 0;
};

// The contents of a file.
using Contents = std::vector<char>;

using Result = std::variant<std::monostate, Descriptor, Contents, uv_stat_t, uv_statfs_t, std::string,
                            Entries, NoMoreEntries, std::shared_ptr<Directory>, Guarded, Unwritten>;

struct Operation;

// One of libuv's file system calls, or a few that belong together, with its arguments and then its result.
struct Call {
  const Operation* operation = nullptr;
  std::string path, dest;
  std::int64_t first = 0, second = 0, third = 0;
  double atime = 0, mtime = 0;
  // What is to be written.
  Contents data;
  // The form of the result in JavaScript: numbers as bigints, or names as bytes.
  bool form = false;
  std::shared_ptr<Directory> directory;

  int error = 0;
  Result result;
};

// An argument of an operation: the member of Call that receives it.
enum class Argument {
  kNone,
  kPath,       // a path
  kDest,       // a second path
  kFirst,      // a whole number
  kSecond,     // a second whole number
  kThird,      // a third whole number
  kTimes,      // two numbers: access and modification time
  kData,       // bytes
  kForm,       // whether the result has bigints, or names as bytes
  kDirectory,  // the id of an open directory
};

// A file system call: libuv's name, its arguments in order, and the function that makes the call
// synchronously, under the identity of the calling thread.
struct Operation {
  const char* name;
  Argument arguments[4];
  void (*run)(Call& call);
};

extern const Operation kOperations[];
extern const std::size_t kOperationCount;

// Closes a descriptor: 0 or libuv's negative number.
int CloseDescriptor(int fd) noexcept;

// The fundamental block size in the result of uv_fs_statfs; 0 from a libuv that does not report it.
std::uint64_t FragmentSize(const uv_statfs_t& stat) noexcept;

// Throws if this libuv's records have another size than those this code was built for.
void CheckLayout();

}  // namespace impersonate::fs
