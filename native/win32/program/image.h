#pragma once

#include <windows.h>

#include <string>

#include "win32/handle.h"

namespace impersonate::win32 {

// The file of a program, opened by the calling thread's user with the right to execute it. While this object
// lives, the file cannot be written to.
class Image {
 public:
  // What a file is that the user may not execute: found and not opened, if the system opens it as another
  // user later.
  enum class Denied { kSkipped, kFound };

  // Looks a name up in `folder`, which is absolute, and then in `path`, as libuv does; a path only below
  // `folder`. Tries the name if it has an extension, then with .com and with .exe. Throws ENOENT, or EACCES
  // if the user may not execute what was found.
  Image(const std::wstring& file, const std::wstring& folder, const std::wstring& path, Denied denied);

  const std::wstring& path() const noexcept { return path_; }

  // Whether the process runs this file. Another one can have the path since it was opened.
  bool IsOf(HANDLE process) const;

 private:
  bool OpenWithExtension(const std::wstring& directory, const std::wstring& name, const std::wstring& folder);
  bool Open(const std::wstring& path);

  std::wstring path_;
  UniqueHandle file_;
  const Denied denied_;
  bool was_denied_ = false;
};

// The absolute path; that of this process's working directory if `path` is empty.
std::wstring AbsolutePath(const std::wstring& path);

// The absolute path of a program's working directory. Throws ENOENT, or
// EACCES if the calling thread's user may not enter it: the program itself would silently start elsewhere.
std::wstring WorkingDirectory(const std::wstring& path);

}  // namespace impersonate::win32
