#pragma once

#include <windows.h>

#include <cstddef>
#include <vector>

#include "core/port/program.h"
#include "win32/handle.h"

namespace impersonate::win32 {

// What a program gets as its descriptors, and this process's ends of its pipes. The program's ends are closed
// with this object, and so are those of this process unless they are taken.
class ProgramHandles {
 public:
  // Creates the pipes and copies the handles of the descriptors. Throws EBADF for a descriptor that is not
  // open.
  explicit ProgramHandles(const std::vector<port::ProgramStdio>& stdio);
  ~ProgramHandles();
  ProgramHandles(const ProgramHandles&) = delete;
  ProgramHandles& operator=(const ProgramHandles&) = delete;

  // Makes the program's ends inheritable, and returns them. No later than necessary, as programs that other
  // threads start meanwhile may inherit them.
  const std::vector<HANDLE>& MakeInheritable();

  // The number of descriptors.
  std::size_t count() const noexcept { return flags_.size(); }
  // Whether one of the descriptors is a console.
  bool has_console() const noexcept { return has_console_; }

  // For a program: its standard handles, and the block in which its C runtime finds all descriptors. Valid
  // while this object lives.
  void Describe(STARTUPINFOW& startup);

  // The descriptors of this process's ends, by index; -1 where there is none.
  std::vector<int> TakeDescriptors() noexcept;

 private:
  void Add(std::size_t index, const port::ProgramStdio& stdio);
  void AddNullDevice(std::size_t index);
  void AddDescriptor(std::size_t index, int descriptor);
  void AddPipe(std::size_t index, bool overlapped);
  void Put(std::size_t index, UniqueHandle handle, unsigned char flags);
  HANDLE At(std::size_t index) const noexcept;

  std::vector<UniqueHandle> owned_;
  std::vector<HANDLE> inherited_;
  // By index. INVALID_HANDLE_VALUE where there is none.
  std::vector<HANDLE> handles_;
  std::vector<unsigned char> flags_;
  std::vector<int> descriptors_;
  std::vector<BYTE> block_;
  bool has_console_ = false;
};

}  // namespace impersonate::win32
