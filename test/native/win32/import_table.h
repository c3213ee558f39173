#pragma once

#include <windows.h>

#include <string>
#include <vector>

namespace seam {

// A function that a loaded module imports by name.
struct Import {
  void** slot;
  // In lower case, unlike in the table.
  std::string dll;
  std::string name;
  // Whether it is in the delay-load table, where the linker's helper fills the slot at the first call.
  bool delayed;

  // "advapi32.dll!SetThreadToken", with " (delayed)" behind it if it is.
  std::string Label() const;
};

// The imports of both tables.
std::vector<Import> ListImports(HMODULE module);

// The address that the module would call: for a delayed import that has not been called yet, the one that the
// helper would find.
void* ResolveImport(HMODULE module, const Import& import);

void WriteSlot(void** slot, void* value);

}  // namespace seam
