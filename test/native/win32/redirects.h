#pragma once

#include <windows.h>

#include <string>
#include <vector>

namespace seam {

// A function that stands in for an imported one.
struct Substitute {
  const char* name;
  void* function;
};

// Of the same type as the function it stands in for: Replace<decltype(CloseHandle)>("CloseHandle",
// MyCloseHandle).
template <typename Signature>
Substitute Replace(const char* name, Signature* function) {
  return {name, reinterpret_cast<void*>(function)};
}

// Something that is put before an import and before the import's substitute, if it has one.
class Interception {
 public:
  virtual ~Interception() = default;
  // Where the module's calls go now.
  virtual void* Entry() const noexcept = 0;
  // Where they would go without this; null until the module asks GetProcAddress.
  virtual void SetTarget(void* target) noexcept = 0;
};

// An empty name is the program itself. Throws if it is not loaded.
HMODULE FindModule(const std::wstring& name);

// Sends the module's calls of these functions to the substitutes, and its later GetProcAddress answers too.
// What comes back is the imports that were redirected, GetProcAddress among them: a function that is not in
// the list and was resolved before is still the real one.
std::vector<std::string> RedirectImports(HMODULE module, const std::vector<Substitute>& substitutes);

// Puts the interception before one function of the module, instead of an earlier one. It must live forever.
// Throws if the module does not import the function, unless `late`: then GetProcAddress answers with it.
std::vector<std::string> InterceptImport(HMODULE module, const std::string& function,
                                         Interception& interception, bool late);

// Substitutes stay.
void RemoveInterceptions();

// Every slot gets back what was in it first.
void RestoreImports();

}  // namespace seam
