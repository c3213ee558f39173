#pragma once

#include <windows.h>

#include <string>
#include <vector>

namespace seam {

// One function a loaded module imports by name.
struct Import {
  void** slot;
  // Lower case, as the table spells it otherwise.
  std::string dll;
  std::string name;
  // From the delay-load table, where the linker's helper fills the slot at the first call.
  bool delayed;

  // "advapi32.dll!SetThreadToken", with " (delayed)" behind it if it is.
  std::string Label() const;
};

// Of both tables.
std::vector<Import> ListImports(HMODULE module);

// What the module would call: for a delayed import not called yet, what the helper would find.
void* ResolveImport(HMODULE module, const Import& import);

void WriteSlot(void** slot, void* value);

}  // namespace seam
