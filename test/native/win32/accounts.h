#pragma once

#include <windows.h>

#include <optional>
#include <string>

#include "secret.h"

namespace seam {

// A local account of this computer. scripts/verify-windows.mjs creates some on a real Windows; Wine has none.
struct Account {
  std::wstring sid;
  std::wstring comment;
};

std::optional<Account> FindAccount(const std::wstring& name);

// Creates an account that is a member of Users and whose password does not expire.
void CreateAccount(std::wstring name, std::wstring comment, Secret& password);
void SetAccountDisabled(const std::wstring& name, bool disabled);
void DeleteAccount(const std::wstring& name);

// Deletes the user's profile: the folder and the registry hive. Returns false if there is none.
bool DeleteProfileOf(const std::wstring& sid);

// Sets the DACL of a file or folder, which then inherits nothing.
void SetFileAccess(std::wstring path, const std::wstring& sddl);

}  // namespace seam
