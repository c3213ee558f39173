#include "drives.h"

#include <windows.h>

#include "call_failed.h"

namespace seam {
namespace {

void Change(DWORD flags, const std::wstring& drive, const std::wstring& folder) {
  const DWORD all = flags | DDD_NO_BROADCAST_SYSTEM;
  if (!DefineDosDeviceW(all, drive.c_str(), folder.c_str())) ThrowLastError("DefineDosDeviceW");
}

}  // namespace

void DefineDrive(const std::wstring& drive, const std::wstring& folder) { Change(0, drive, folder); }

void RemoveDrive(const std::wstring& drive, const std::wstring& folder) {
  Change(DDD_REMOVE_DEFINITION | DDD_EXACT_MATCH_ON_REMOVE, drive, folder);
}

}  // namespace seam
