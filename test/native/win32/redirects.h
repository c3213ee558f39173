#pragma once

#include <windows.h>

#include <string>
#include <vector>

namespace seam {

// A function that replaces an imported one.
struct Substitute {
  const char* name;
  void* function;
};

// A substitute of the same type as the function: Replace<decltype(CloseHandle)>("CloseHandle",
// MyCloseHandle).
template <typename Signature>
Substitute Replace(const char* name, Signature* function) {
  return {name, reinterpret_cast<void*>(function)};
}

// Code that runs before an import, or before its substitute if it has one.
class Interception {
 public:
  virtual ~Interception() = default;
  // The address that the module's calls jump to.
  virtual void* Entry() const noexcept = 0;
  // The address that they would jump to without this; null until the module gets it from GetProcAddress.
  virtual void SetTarget(void* target) noexcept = 0;
};

// An empty name stands for the program. Throws if the module is not loaded.
HMODULE FindModule(const std::wstring& name);

// Redirects the module's calls of these functions to the substitutes, and the results that it gets from
// GetProcAddress later. Returns the redirected imports, GetProcAddress among them: a function that is not in
// the list and was resolved before is not redirected.
std::vector<std::string> RedirectImports(HMODULE module, const std::vector<Substitute>& substitutes);

// Puts the interception before one function of the module, instead of an earlier one. It must never be
// destroyed. Throws if the module does not import the function, unless `late` is set: then it applies to the
// result of GetProcAddress.
std::vector<std::string> InterceptImport(HMODULE module, const std::string& function,
                                         Interception& interception, bool late);

// Removes all interceptions, but no substitutes.
void RemoveInterceptions();

// Restores the original address in every slot.
void RestoreImports();

}  // namespace seam
