// What Node.js and libuv import to reach a file by its path. Each asks first and then does the real thing.

#include <vector>

#include "witness.h"

namespace seam {
namespace {

HANDLE WINAPI WitnessCreateFileW(LPCWSTR path, DWORD access, DWORD share, LPSECURITY_ATTRIBUTES security,
                                 DWORD disposition, DWORD flags, HANDLE like) {
  DWORD needed = access | FILE_READ_ATTRIBUTES;
  if (disposition == CREATE_ALWAYS || disposition == TRUNCATE_EXISTING) needed |= FILE_WRITE_DATA;
  if ((flags & FILE_FLAG_DELETE_ON_CLOSE) != 0) needed |= DELETE;
  if (!PermitFile("CreateFileW", path, needed)) return INVALID_HANDLE_VALUE;
  return CreateFileW(path, access, share, security, disposition, flags, like);
}

BOOL WINAPI WitnessCreateDirectoryW(LPCWSTR path, LPSECURITY_ATTRIBUTES security) {
  return PermitFile("CreateDirectoryW", path, FILE_ADD_SUBDIRECTORY) && CreateDirectoryW(path, security);
}

BOOL WINAPI WitnessRemoveDirectoryW(LPCWSTR path) {
  return PermitFile("RemoveDirectoryW", path, DELETE) && RemoveDirectoryW(path);
}

BOOL WINAPI WitnessDeleteFileW(LPCWSTR path) {
  return PermitFile("DeleteFileW", path, DELETE) && DeleteFileW(path);
}

BOOL WINAPI WitnessMoveFileExW(LPCWSTR from, LPCWSTR to, DWORD flags) {
  if (!PermitFile("MoveFileExW", from, DELETE)) return FALSE;
  if (to != nullptr && !PermitFile("MoveFileExW", to, FILE_ADD_FILE)) return FALSE;
  return MoveFileExW(from, to, flags);
}

BOOL WINAPI WitnessCopyFileW(LPCWSTR from, LPCWSTR to, BOOL fail_if_exists) {
  return PermitFile("CopyFileW", from, FILE_GENERIC_READ) &&
         PermitFile("CopyFileW", to, FILE_GENERIC_WRITE) && CopyFileW(from, to, fail_if_exists);
}

BOOL WINAPI WitnessCreateHardLinkW(LPCWSTR link, LPCWSTR target, LPSECURITY_ATTRIBUTES security) {
  return PermitFile("CreateHardLinkW", link, FILE_ADD_FILE) &&
         PermitFile("CreateHardLinkW", target, FILE_WRITE_ATTRIBUTES) &&
         CreateHardLinkW(link, target, security);
}

BOOLEAN WINAPI WitnessCreateSymbolicLinkW(LPCWSTR link, LPCWSTR target, DWORD flags) {
  if (!PermitFile("CreateSymbolicLinkW", link, FILE_ADD_FILE)) return FALSE;
  return CreateSymbolicLinkW(link, target, flags);
}

DWORD WINAPI WitnessGetFileAttributesW(LPCWSTR path) {
  if (!PermitFile("GetFileAttributesW", path, FILE_READ_ATTRIBUTES)) return INVALID_FILE_ATTRIBUTES;
  return GetFileAttributesW(path);
}

BOOL WINAPI WitnessGetFileAttributesExW(LPCWSTR path, GET_FILEEX_INFO_LEVELS level, LPVOID out) {
  return PermitFile("GetFileAttributesExW", path, FILE_READ_ATTRIBUTES) &&
         GetFileAttributesExW(path, level, out);
}

BOOL WINAPI WitnessSetFileAttributesW(LPCWSTR path, DWORD attributes) {
  return PermitFile("SetFileAttributesW", path, FILE_WRITE_ATTRIBUTES) &&
         SetFileAttributesW(path, attributes);
}

HANDLE WINAPI WitnessFindFirstFileW(LPCWSTR pattern, LPWIN32_FIND_DATAW out) {
  if (!PermitFile("FindFirstFileW", pattern, FILE_LIST_DIRECTORY)) return INVALID_HANDLE_VALUE;
  return FindFirstFileW(pattern, out);
}

HANDLE WINAPI WitnessFindFirstFileExW(LPCWSTR pattern, FINDEX_INFO_LEVELS info, LPVOID out,
                                      FINDEX_SEARCH_OPS search, LPVOID filter, DWORD flags) {
  if (!PermitFile("FindFirstFileExW", pattern, FILE_LIST_DIRECTORY)) return INVALID_HANDLE_VALUE;
  return FindFirstFileExW(pattern, info, out, search, filter, flags);
}

BOOL WINAPI WitnessGetDiskFreeSpaceW(LPCWSTR path, LPDWORD sectors, LPDWORD bytes, LPDWORD free,
                                     LPDWORD total) {
  return PermitFile("GetDiskFreeSpaceW", path, FILE_READ_ATTRIBUTES) &&
         GetDiskFreeSpaceW(path, sectors, bytes, free, total);
}

DWORD WINAPI WitnessGetLongPathNameW(LPCWSTR path, LPWSTR out, DWORD size) {
  return PermitFile("GetLongPathNameW", path, FILE_READ_ATTRIBUTES) ? GetLongPathNameW(path, out, size) : 0;
}

HMODULE WINAPI WitnessLoadLibraryExW(LPCWSTR path, HANDLE file, DWORD flags) {
  if (!PermitFile("LoadLibraryExW", path, FILE_GENERIC_READ | FILE_EXECUTE)) return nullptr;
  return LoadLibraryExW(path, file, flags);
}

BOOL WINAPI WitnessCreateProcessW(LPCWSTR program, LPWSTR command, LPSECURITY_ATTRIBUTES process_security,
                                  LPSECURITY_ATTRIBUTES thread_security, BOOL inherit, DWORD flags,
                                  LPVOID environment, LPCWSTR directory, LPSTARTUPINFOW startup,
                                  LPPROCESS_INFORMATION out) {
  if (!PermitFile("CreateProcessW", program != nullptr ? program : command,
                  FILE_GENERIC_READ | FILE_EXECUTE)) {
    return FALSE;
  }
  return CreateProcessW(program, command, process_security, thread_security, inherit, flags, environment,
                        directory, startup, out);
}

// A rename by handle: the new name is in the buffer.
BOOL WINAPI WitnessSetFileInformationByHandle(HANDLE file, FILE_INFO_BY_HANDLE_CLASS kind, LPVOID in,
                                              DWORD size) {
  constexpr int kRenameEx = 22;
  if (kind == FileRenameInfo || static_cast<int>(kind) == kRenameEx) {
    const auto* const rename = static_cast<const FILE_RENAME_INFO*>(in);
    const std::wstring name(rename->FileName, rename->FileNameLength / sizeof(wchar_t));
    if (!PermitFile("SetFileInformationByHandle", name.c_str(), FILE_ADD_FILE)) return FALSE;
  }
  return SetFileInformationByHandle(file, kind, in, size);
}

}  // namespace

std::vector<Substitute> WitnessSubstitutes() {
  return {
      Replace<decltype(CreateFileW)>("CreateFileW", WitnessCreateFileW),
      Replace<decltype(CreateDirectoryW)>("CreateDirectoryW", WitnessCreateDirectoryW),
      Replace<decltype(RemoveDirectoryW)>("RemoveDirectoryW", WitnessRemoveDirectoryW),
      Replace<decltype(DeleteFileW)>("DeleteFileW", WitnessDeleteFileW),
      Replace<decltype(MoveFileExW)>("MoveFileExW", WitnessMoveFileExW),
      Replace<decltype(CopyFileW)>("CopyFileW", WitnessCopyFileW),
      Replace<decltype(CreateHardLinkW)>("CreateHardLinkW", WitnessCreateHardLinkW),
      Replace<decltype(CreateSymbolicLinkW)>("CreateSymbolicLinkW", WitnessCreateSymbolicLinkW),
      Replace<decltype(GetFileAttributesW)>("GetFileAttributesW", WitnessGetFileAttributesW),
      Replace<decltype(GetFileAttributesExW)>("GetFileAttributesExW", WitnessGetFileAttributesExW),
      Replace<decltype(SetFileAttributesW)>("SetFileAttributesW", WitnessSetFileAttributesW),
      Replace<decltype(FindFirstFileW)>("FindFirstFileW", WitnessFindFirstFileW),
      Replace<decltype(FindFirstFileExW)>("FindFirstFileExW", WitnessFindFirstFileExW),
      Replace<decltype(GetDiskFreeSpaceW)>("GetDiskFreeSpaceW", WitnessGetDiskFreeSpaceW),
      Replace<decltype(GetLongPathNameW)>("GetLongPathNameW", WitnessGetLongPathNameW),
      Replace<decltype(LoadLibraryExW)>("LoadLibraryExW", WitnessLoadLibraryExW),
      Replace<decltype(CreateProcessW)>("CreateProcessW", WitnessCreateProcessW),
      Replace<decltype(SetFileInformationByHandle)>("SetFileInformationByHandle",
                                                    WitnessSetFileInformationByHandle),
  };
}

}  // namespace seam
