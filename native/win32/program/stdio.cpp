#include "win32/program/stdio.h"

// After windows.h.
#include <ntsecapi.h>
#include <uv.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "win32/last_error.h"
#include "win32/pipe/pipe_security.h"
#include "win32/program/program_error.h"

namespace impersonate::win32 {
namespace {

// Of the C runtime.
constexpr unsigned char kOpen = 0x01, kPipe = 0x08, kDevice = 0x40;
// The runtime has no more, and neither has libuv.
constexpr std::size_t kMaxCount = 255;
constexpr DWORD kPipeBuffer = 64 * 1024;

void CloseDescriptor(int descriptor) noexcept {
  // Descriptors are those of the host's runtime, not of this module's.
  uv_fs_t request;
  uv_fs_close(nullptr, &request, descriptor, nullptr);
  uv_fs_req_cleanup(&request);
}

UniqueHandle Checked(HANDLE handle, const char* syscall) {
  if (handle == INVALID_HANDLE_VALUE) throw ProgramError(GetLastError(), syscall);
  return UniqueHandle(handle);
}

// The name is random, so that no other process can create the pipe first.
std::wstring NewPipePath() {
  std::uint64_t random[2] = {};
  if (!RtlGenRandom(random, sizeof random)) throw Win32Error(ERROR_GEN_FAILURE, "RtlGenRandom");
  return L"\\\\.\\pipe\\impersonate-" + std::to_wstring(random[0]) + L"-" + std::to_wstring(random[1]);
}

// This process's end, for overlapped work. Only this process may open the other one, once.
UniqueHandle ServePipe(const std::wstring& path) {
  constexpr DWORD kOpenMode = PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE;
  constexpr DWORD kMode = PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS;
  const PipeSecurity security = PipeSecurity::Allowing({});
  SECURITY_ATTRIBUTES attributes = security.attributes();
  const HANDLE pipe =
      CreateNamedPipeW(path.c_str(), kOpenMode, kMode, 1, kPipeBuffer, kPipeBuffer, 0, &attributes);
  return Checked(pipe, "CreateNamedPipeW");
}

// The program's end. It is the client's, whose holder cannot impersonate anybody, and the server cannot
// either.
UniqueHandle ConnectToPipe(const std::wstring& path, bool overlapped) {
  constexpr DWORD kAccess = FILE_GENERIC_READ | FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES;
  const DWORD flags = SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS | (overlapped ? FILE_FLAG_OVERLAPPED : 0);
  return Checked(CreateFileW(path.c_str(), kAccess, 0, nullptr, OPEN_EXISTING, flags, nullptr),
                 "CreateFileW");
}

}  // namespace

ProgramHandles::ProgramHandles(const std::vector<port::ProgramStdio>& stdio) {
  if (stdio.size() > kMaxCount)
    throw Error("ENOTSUP", ENOTSUP, port::kProgramCall, "A program has at most 255 descriptors");
  const std::size_t count = std::max<std::size_t>(stdio.size(), 3);
  handles_.assign(count, INVALID_HANDLE_VALUE);
  flags_.assign(count, 0);
  descriptors_.assign(stdio.size(), -1);
  try {
    for (std::size_t i = 0; i < count; ++i) Add(i, i < stdio.size() ? stdio[i] : port::ProgramStdio());
  } catch (...) {
    for (const int descriptor : TakeDescriptors()) {
      if (descriptor >= 0) CloseDescriptor(descriptor);
    }
    throw;
  }
}

ProgramHandles::~ProgramHandles() {
  for (const int descriptor : TakeDescriptors()) {
    if (descriptor >= 0) CloseDescriptor(descriptor);
  }
}

void ProgramHandles::Add(std::size_t index, const port::ProgramStdio& stdio) {
  using Kind = port::ProgramStdio::Kind;
  if (stdio.kind == Kind::kPipe) {
    AddPipe(index, stdio.overlapped);
  } else if (stdio.kind == Kind::kDescriptor) {
    AddDescriptor(index, stdio.descriptor);
  } else if (index < 3) {
    AddNullDevice(index);
  }
}

void ProgramHandles::Put(std::size_t index, UniqueHandle handle, unsigned char flags) {
  inherited_.push_back(handle.get());
  handles_[index] = handle.get();
  flags_[index] = flags;
  owned_.push_back(std::move(handle));
}

void ProgramHandles::AddNullDevice(std::size_t index) {
  const DWORD access = index == 0 ? FILE_GENERIC_READ : FILE_GENERIC_WRITE | FILE_READ_ATTRIBUTES;
  const HANDLE device =
      CreateFileW(L"NUL", access, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr, OPEN_EXISTING, 0, nullptr);
  Put(index, Checked(device, "CreateFileW"), kOpen | kDevice);
}

void ProgramHandles::AddDescriptor(std::size_t index, int descriptor) {
  const HANDLE source = descriptor < 0 ? INVALID_HANDLE_VALUE : uv_get_osfhandle(descriptor);
  // A service may have no standard handles.
  const bool missing = source == INVALID_HANDLE_VALUE || source == nullptr;
  if (missing && descriptor >= 0 && descriptor < 3 && index < 3) return AddNullDevice(index);
  if (missing) throw ProgramError(ERROR_INVALID_HANDLE, "uv_get_osfhandle");
  const HANDLE process = GetCurrentProcess();
  HANDLE copy = nullptr;
  if (!DuplicateHandle(process, source, process, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS)) {
    throw ProgramError(GetLastError(), "DuplicateHandle");
  }
  UniqueHandle handle(copy);
  DWORD mode = 0;
  switch (GetFileType(copy)) {
    case FILE_TYPE_DISK:
      return Put(index, std::move(handle), kOpen);
    case FILE_TYPE_PIPE:
      return Put(index, std::move(handle), kOpen | kPipe);
    default:
      if (GetConsoleMode(copy, &mode)) has_console_ = true;
      return Put(index, std::move(handle), kOpen | kDevice);
  }
}

void ProgramHandles::AddPipe(std::size_t index, bool overlapped) {
  const std::wstring path = NewPipePath();
  UniqueHandle own = ServePipe(path);
  UniqueHandle other = ConnectToPipe(path, overlapped);
  // It is connected already.
  if (!ConnectNamedPipe(own.get(), nullptr)) {
    const DWORD error = GetLastError();
    if (error != ERROR_PIPE_CONNECTED) throw ProgramError(error, "ConnectNamedPipe");
  }
  const int descriptor = uv_open_osfhandle(own.get());
  if (descriptor < 0) throw ProgramError(ERROR_TOO_MANY_OPEN_FILES, "uv_open_osfhandle");
  static_cast<void>(own.release());
  descriptors_[index] = descriptor;
  Put(index, std::move(other), kOpen | kPipe);
}

const std::vector<HANDLE>& ProgramHandles::MakeInheritable() {
  for (const HANDLE handle : inherited_) {
    if (!SetHandleInformation(handle, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT))
      ThrowLastError("SetHandleInformation");
  }
  return inherited_;
}

HANDLE ProgramHandles::At(std::size_t index) const noexcept { return handles_[index]; }

void ProgramHandles::Describe(STARTUPINFOW& startup) {
  // The number, the flags of each, and the handle of each, without padding.
  const auto number = static_cast<int>(count());
  const std::size_t flags = sizeof number, handles = flags + count();
  block_.resize(handles + count() * sizeof(HANDLE));
  std::memcpy(block_.data(), &number, sizeof number);
  std::memcpy(block_.data() + flags, flags_.data(), count());
  std::memcpy(block_.data() + handles, handles_.data(), count() * sizeof(HANDLE));
  startup.cbReserved2 = static_cast<WORD>(block_.size());
  startup.lpReserved2 = block_.data();
  startup.dwFlags |= STARTF_USESTDHANDLES;
  startup.hStdInput = At(0);
  startup.hStdOutput = At(1);
  startup.hStdError = At(2);
}

std::vector<int> ProgramHandles::TakeDescriptors() noexcept { return std::exchange(descriptors_, {}); }

}  // namespace impersonate::win32
