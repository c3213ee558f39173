#pragma once

#include <string>

namespace seam {

// Maps a drive ("X:") to a folder for the logon session of the user whom the thread impersonates.
void DefineDrive(const std::wstring& drive, const std::wstring& folder);
void RemoveDrive(const std::wstring& drive, const std::wstring& folder);

}  // namespace seam
