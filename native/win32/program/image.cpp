#include "win32/program/image.h"

#include <cstddef>
#include <vector>

#include "win32/last_error.h"
#include "win32/program/program_error.h"
#include "win32/text.h"

namespace impersonate::win32 {
namespace {

constexpr wchar_t kSeparators[] = L"\\/";
constexpr wchar_t kEndsOfFolder[] = L"\\/:";

bool Contains(const wchar_t* units, wchar_t unit) {
  return std::wstring(units).find(unit) != std::wstring::npos;
}
bool IsSeparator(const std::wstring& path, std::size_t index) {
  return path.size() > index && Contains(kSeparators, path[index]);
}
bool HasDrive(const std::wstring& path) { return path.size() >= 2 && path[1] == L':'; }

void AppendFolder(std::wstring& path, const std::wstring& folder) {
  path += folder;
  if (!folder.empty() && !Contains(kEndsOfFolder, path.back())) path += L'\\';
}

// The directory as seen from `folder`, with a separator at its end.
std::wstring Resolve(const std::wstring& directory, const std::wstring& folder) {
  std::wstring path;
  if (IsSeparator(directory, 0) && IsSeparator(directory, 1)) {
    AppendFolder(path, directory);
  } else if (IsSeparator(directory, 0)) {
    path = folder.substr(0, 2);
    AppendFolder(path, directory);
  } else if (HasDrive(directory) && !IsSeparator(directory, 2)) {
    // Relative to the working directory of a drive.
    const bool same = HasDrive(folder) && EqualIgnoringCase(folder.substr(0, 2), directory.substr(0, 2));
    if (same) AppendFolder(path, folder);
    AppendFolder(path, same ? directory.substr(2) : directory);
  } else {
    if (!HasDrive(directory)) AppendFolder(path, folder);
    AppendFolder(path, directory);
  }
  return path;
}

// The directories of a PATH, without their quotation marks.
std::vector<std::wstring> Split(const std::wstring& path) {
  std::vector<std::wstring> directories;
  std::size_t begin = 0;
  while (begin < path.size()) {
    std::size_t end = begin;
    if (path[begin] == L'"' || path[begin] == L'\'') end = path.find(path[begin], begin + 1);
    if (end != std::wstring::npos) end = path.find(L';', end);
    if (end == std::wstring::npos) end = path.size();
    std::wstring directory = path.substr(begin, end - begin);
    if (!directory.empty() && Contains(L"\"'", directory.front())) directory.erase(0, 1);
    if (!directory.empty() && Contains(L"\"'", directory.back())) directory.pop_back();
    if (!directory.empty()) directories.push_back(std::move(directory));
    begin = end + 1;
  }
  return directories;
}

UniqueHandle OpenFile(const std::wstring& path, DWORD access, DWORD share, DWORD flags) {
  const HANDLE file = CreateFileW(path.c_str(), access, share, nullptr, OPEN_EXISTING, flags, nullptr);
  return UniqueHandle(file == INVALID_HANDLE_VALUE ? nullptr : file);
}

bool IsFolder(const std::wstring& path) {
  const DWORD attributes = GetFileAttributesW(path.c_str());
  return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

BY_HANDLE_FILE_INFORMATION InformationOf(HANDLE file) {
  BY_HANDLE_FILE_INFORMATION information{};
  if (!GetFileInformationByHandle(file, &information)) ThrowLastError("GetFileInformationByHandle");
  return information;
}

std::wstring ImagePathOf(HANDLE process) {
  std::wstring path(MAX_PATH, L'\0');
  for (;;) {
    auto length = static_cast<DWORD>(path.size());
    if (QueryFullProcessImageNameW(process, 0, path.data(), &length)) {
      path.resize(length);
      return path;
    }
    const DWORD error = GetLastError();
    if (error != ERROR_INSUFFICIENT_BUFFER || path.size() > 0xffff)
      throw Win32Error(error, "QueryFullProcessImageNameW");
    path.resize(path.size() * 2);
  }
}

}  // namespace

Image::Image(const std::wstring& file, const std::wstring& folder, const std::wstring& path, Denied denied)
    : denied_(denied) {
  const std::size_t last = file.find_last_of(kEndsOfFolder);
  const std::size_t start = last == std::wstring::npos ? 0 : last + 1;
  const std::wstring name = file.substr(start);
  bool found = false;
  if (!file.empty() && file != L".") {
    // The setting of this process, NoDefaultCurrentDirectoryInExePath, does not read the name.
    const bool beside = start > 0 || NeedCurrentDirectoryForExePathW(L"");
    found = beside && OpenWithExtension(file.substr(0, start), name, folder);
  }
  if (!found && start == 0 && !name.empty() && name != L".") {
    for (const std::wstring& directory : Split(path)) {
      if ((found = OpenWithExtension(directory, name, folder))) break;
    }
  }
  if (!found) throw ProgramError(was_denied_ ? ERROR_ACCESS_DENIED : ERROR_FILE_NOT_FOUND, "CreateFileW");
}

bool Image::OpenWithExtension(const std::wstring& directory, const std::wstring& name,
                              const std::wstring& folder) {
  const std::wstring path = Resolve(directory, folder) + name;
  const std::size_t dot = name.find(L'.');
  if (dot != std::wstring::npos && dot + 1 < name.size() && Open(path)) return true;
  const std::wstring stem = !name.empty() && name.back() == L'.' ? path : path + L'.';
  return Open(stem + L"com") || Open(stem + L"exe");
}

bool Image::Open(const std::wstring& path) {
  // The access and the sharing of the system's own loader.
  file_ = OpenFile(path, FILE_EXECUTE | SYNCHRONIZE, FILE_SHARE_READ | FILE_SHARE_DELETE, 0);
  if (file_) {
    path_ = path;
    return true;
  }
  const DWORD error = GetLastError();
  switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_NAME:
    case ERROR_BAD_PATHNAME:
    case ERROR_INVALID_DRIVE:
    case ERROR_NOT_READY:
    case ERROR_BAD_NETPATH:
    case ERROR_BAD_NET_NAME:
    case ERROR_DIRECTORY:
      return false;
    case ERROR_ACCESS_DENIED:
      // A directory cannot be opened in this way.
      if (IsFolder(path)) return false;
      was_denied_ = true;
      path_ = path;
      return denied_ == Denied::kFound;
    default:
      throw ProgramError(error, "CreateFileW");
  }
}

bool Image::IsOf(HANDLE process) const {
  const UniqueHandle running = OpenFile(ImagePathOf(process), FILE_READ_ATTRIBUTES,
                                        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, 0);
  if (!running) ThrowLastError("CreateFileW");
  const BY_HANDLE_FILE_INFORMATION expected = InformationOf(file_.get());
  const BY_HANDLE_FILE_INFORMATION actual = InformationOf(running.get());
  return expected.dwVolumeSerialNumber == actual.dwVolumeSerialNumber &&
         expected.nFileIndexHigh == actual.nFileIndexHigh && expected.nFileIndexLow == actual.nFileIndexLow;
}

std::wstring AbsolutePath(const std::wstring& path) {
  const std::wstring given = path.empty() ? L"." : path;
  std::wstring full(MAX_PATH, L'\0');
  for (;;) {
    const DWORD length =
        GetFullPathNameW(given.c_str(), static_cast<DWORD>(full.size()), full.data(), nullptr);
    if (length == 0) throw ProgramError(GetLastError(), "GetFullPathNameW");
    const bool fits = length < full.size();
    full.resize(length);
    if (fits) return full;
  }
}

std::wstring WorkingDirectory(const std::wstring& path) {
  const std::wstring full = AbsolutePath(path);
  const UniqueHandle folder =
      OpenFile(full, FILE_TRAVERSE | SYNCHRONIZE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
               FILE_FLAG_BACKUP_SEMANTICS);
  if (!folder) throw ProgramError(GetLastError(), "CreateFileW");
  if (!IsFolder(full)) throw ProgramError(ERROR_DIRECTORY, "CreateFileW");
  return full;
}

}  // namespace impersonate::win32
