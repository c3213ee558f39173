// Replaces the functions by which Node.js and libuv use a file by its path. Each checks access and then makes
// the real call.

#include <vector>

#include "file_access.h"

namespace seam {
namespace {

HANDLE WINAPI CheckedCreateFileW(LPCWSTR path, DWORD access, DWORD share, LPSECURITY_ATTRIBUTES security,
                                 DWORD disposition, DWORD flags, HANDLE like) {
  DWORD needed = access | FILE_READ_ATTRIBUTES;
  if (disposition == CREATE_ALWAYS || disposition == TRUNCATE_EXISTING) needed |= FILE_WRITE_DATA;
  if ((flags & FILE_FLAG_DELETE_ON_CLOSE) != 0) needed |= DELETE;
  if (!CheckFileAccess("CreateFileW", path, needed)) return INVALID_HANDLE_VALUE;
  return CreateFileW(path, access, share, security, disposition, flags, like);
}

BOOL WINAPI CheckedCreateDirectoryW(LPCWSTR path, LPSECURITY_ATTRIBUTES security) {
  return CheckFileAccess("CreateDirectoryW", path, FILE_ADD_SUBDIRECTORY) && CreateDirectoryW(path, security);
}

BOOL WINAPI CheckedRemoveDirectoryW(LPCWSTR path) {
  return CheckFileAccess("RemoveDirectoryW", path, DELETE) && RemoveDirectoryW(path);
}

BOOL WINAPI CheckedDeleteFileW(LPCWSTR path) {
  return CheckFileAccess("DeleteFileW", path, DELETE) && DeleteFileW(path);
}

BOOL WINAPI CheckedMoveFileExW(LPCWSTR from, LPCWSTR to, DWORD flags) {
  if (!CheckFileAccess("MoveFileExW", from, DELETE)) return FALSE;
  if (to != nullptr && !CheckFileAccess("MoveFileExW", to, FILE_ADD_FILE)) return FALSE;
  return MoveFileExW(from, to, flags);
}

BOOL WINAPI CheckedCopyFileW(LPCWSTR from, LPCWSTR to, BOOL fail_if_exists) {
  return CheckFileAccess("CopyFileW", from, FILE_GENERIC_READ) &&
         CheckFileAccess("CopyFileW", to, FILE_GENERIC_WRITE) && CopyFileW(from, to, fail_if_exists);
}

BOOL WINAPI CheckedCreateHardLinkW(LPCWSTR link, LPCWSTR target, LPSECURITY_ATTRIBUTES security) {
  return CheckFileAccess("CreateHardLinkW", link, FILE_ADD_FILE) &&
         CheckFileAccess("CreateHardLinkW", target, FILE_WRITE_ATTRIBUTES) &&
         CreateHardLinkW(link, target, security);
}

BOOLEAN WINAPI CheckedCreateSymbolicLinkW(LPCWSTR link, LPCWSTR target, DWORD flags) {
  if (!CheckFileAccess("CreateSymbolicLinkW", link, FILE_ADD_FILE)) return FALSE;
  return CreateSymbolicLinkW(link, target, flags);
}

DWORD WINAPI CheckedGetFileAttributesW(LPCWSTR path) {
  if (!CheckFileAccess("GetFileAttributesW", path, FILE_READ_ATTRIBUTES)) return INVALID_FILE_ATTRIBUTES;
  return GetFileAttributesW(path);
}

BOOL WINAPI CheckedGetFileAttributesExW(LPCWSTR path, GET_FILEEX_INFO_LEVELS level, LPVOID out) {
  return CheckFileAccess("GetFileAttributesExW", path, FILE_READ_ATTRIBUTES) &&
         GetFileAttributesExW(path, level, out);
}

BOOL WINAPI CheckedSetFileAttributesW(LPCWSTR path, DWORD attributes) {
  return CheckFileAccess("SetFileAttributesW", path, FILE_WRITE_ATTRIBUTES) &&
         SetFileAttributesW(path, attributes);
}

HANDLE WINAPI CheckedFindFirstFileW(LPCWSTR pattern, LPWIN32_FIND_DATAW out) {
  if (!CheckFileAccess("FindFirstFileW", pattern, FILE_LIST_DIRECTORY)) return INVALID_HANDLE_VALUE;
  return FindFirstFileW(pattern, out);
}

HANDLE WINAPI CheckedFindFirstFileExW(LPCWSTR pattern, FINDEX_INFO_LEVELS info, LPVOID out,
                                      FINDEX_SEARCH_OPS search, LPVOID filter, DWORD flags) {
  if (!CheckFileAccess("FindFirstFileExW", pattern, FILE_LIST_DIRECTORY)) return INVALID_HANDLE_VALUE;
  return FindFirstFileExW(pattern, info, out, search, filter, flags);
}

BOOL WINAPI CheckedGetDiskFreeSpaceW(LPCWSTR path, LPDWORD sectors, LPDWORD bytes, LPDWORD free,
                                     LPDWORD total) {
  return CheckFileAccess("GetDiskFreeSpaceW", path, FILE_READ_ATTRIBUTES) &&
         GetDiskFreeSpaceW(path, sectors, bytes, free, total);
}

DWORD WINAPI CheckedGetLongPathNameW(LPCWSTR path, LPWSTR out, DWORD size) {
  return CheckFileAccess("GetLongPathNameW", path, FILE_READ_ATTRIBUTES) ? GetLongPathNameW(path, out, size)
                                                                         : 0;
}

HMODULE WINAPI CheckedLoadLibraryExW(LPCWSTR path, HANDLE file, DWORD flags) {
  if (!CheckFileAccess("LoadLibraryExW", path, FILE_GENERIC_READ | FILE_EXECUTE)) return nullptr;
  return LoadLibraryExW(path, file, flags);
}

BOOL WINAPI CheckedCreateProcessW(LPCWSTR program, LPWSTR command, LPSECURITY_ATTRIBUTES process_security,
                                  LPSECURITY_ATTRIBUTES thread_security, BOOL inherit, DWORD flags,
                                  LPVOID environment, LPCWSTR directory, LPSTARTUPINFOW startup,
                                  LPPROCESS_INFORMATION out) {
  if (!CheckFileAccess("CreateProcessW", program != nullptr ? program : command,
                       FILE_GENERIC_READ | FILE_EXECUTE)) {
    return FALSE;
  }
  return CreateProcessW(program, command, process_security, thread_security, inherit, flags, environment,
                        directory, startup, out);
}

// A rename by handle: the new name is in the buffer.
BOOL WINAPI CheckedSetFileInformationByHandle(HANDLE file, FILE_INFO_BY_HANDLE_CLASS kind, LPVOID in,
                                              DWORD size) {
  constexpr int kRenameEx = 22;
  if (kind == FileRenameInfo || static_cast<int>(kind) == kRenameEx) {
    const auto* const rename = static_cast<const FILE_RENAME_INFO*>(in);
    const std::wstring name(rename->FileName, rename->FileNameLength / sizeof(wchar_t));
    if (!CheckFileAccess("SetFileInformationByHandle", name.c_str(), FILE_ADD_FILE)) return FALSE;
  }
  return SetFileInformationByHandle(file, kind, in, size);
}

}  // namespace

std::vector<Substitute> FileSubstitutes() {
  return {
      Replace<decltype(CreateFileW)>("CreateFileW", CheckedCreateFileW),
      Replace<decltype(CreateDirectoryW)>("CreateDirectoryW", CheckedCreateDirectoryW),
      Replace<decltype(RemoveDirectoryW)>("RemoveDirectoryW", CheckedRemoveDirectoryW),
      Replace<decltype(DeleteFileW)>("DeleteFileW", CheckedDeleteFileW),
      Replace<decltype(MoveFileExW)>("MoveFileExW", CheckedMoveFileExW),
      Replace<decltype(CopyFileW)>("CopyFileW", CheckedCopyFileW),
      Replace<decltype(CreateHardLinkW)>("CreateHardLinkW", CheckedCreateHardLinkW),
      Replace<decltype(CreateSymbolicLinkW)>("CreateSymbolicLinkW", CheckedCreateSymbolicLinkW),
      Replace<decltype(GetFileAttributesW)>("GetFileAttributesW", CheckedGetFileAttributesW),
      Replace<decltype(GetFileAttributesExW)>("GetFileAttributesExW", CheckedGetFileAttributesExW),
      Replace<decltype(SetFileAttributesW)>("SetFileAttributesW", CheckedSetFileAttributesW),
      Replace<decltype(FindFirstFileW)>("FindFirstFileW", CheckedFindFirstFileW),
      Replace<decltype(FindFirstFileExW)>("FindFirstFileExW", CheckedFindFirstFileExW),
      Replace<decltype(GetDiskFreeSpaceW)>("GetDiskFreeSpaceW", CheckedGetDiskFreeSpaceW),
      Replace<decltype(GetLongPathNameW)>("GetLongPathNameW", CheckedGetLongPathNameW),
      Replace<decltype(LoadLibraryExW)>("LoadLibraryExW", CheckedLoadLibraryExW),
      Replace<decltype(CreateProcessW)>("CreateProcessW", CheckedCreateProcessW),
      Replace<decltype(SetFileInformationByHandle)>("SetFileInformationByHandle",
                                                    CheckedSetFileInformationByHandle),
  };
}

}  // namespace seam
