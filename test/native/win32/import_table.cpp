#include "import_table.h"

#include <algorithm>

#include "call_failed.h"

namespace seam {
namespace {

// A loaded image, read by the offsets in its headers.
class Image {
 public:
  explicit Image(HMODULE module) : base_(reinterpret_cast<BYTE*>(module)) {}

  template <typename T>
  T* At(ULONGLONG offset) const {
    return reinterpret_cast<T*>(base_ + offset);
  }

  DWORD Directory(unsigned index) const {
    return Headers()->OptionalHeader.DataDirectory[index].VirtualAddress;
  }

  bool Contains(const void* address) const {
    const auto* const byte = static_cast<const BYTE*>(address);
    return byte >= base_ && byte < base_ + Headers()->OptionalHeader.SizeOfImage;
  }

 private:
  const IMAGE_NT_HEADERS* Headers() const { return At<IMAGE_NT_HEADERS>(At<IMAGE_DOS_HEADER>(0)->e_lfanew); }

  BYTE* base_;
};

std::string LowerAscii(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

void AppendDll(const Image& image, const char* dll, DWORD names, DWORD slots, bool delayed,
               std::vector<Import>& out) {
  const auto* name = image.At<IMAGE_THUNK_DATA>(names);
  auto* slot = image.At<void*>(slots);
  for (; name->u1.AddressOfData != 0; ++name, ++slot) {
    if (IMAGE_SNAP_BY_ORDINAL(name->u1.Ordinal)) continue;
    const char* const function = image.At<IMAGE_IMPORT_BY_NAME>(name->u1.AddressOfData)->Name;
    out.push_back({slot, LowerAscii(dll), function, delayed});
  }
}

}  // namespace

std::string Import::Label() const { return dll + "!" + name + (delayed ? " (delayed)" : ""); }

std::vector<Import> ListImports(HMODULE module) {
  const Image image(module);
  std::vector<Import> imports;
  if (const DWORD table = image.Directory(IMAGE_DIRECTORY_ENTRY_IMPORT)) {
    for (auto* dll = image.At<IMAGE_IMPORT_DESCRIPTOR>(table); dll->Name != 0; ++dll) {
      const DWORD names = dll->OriginalFirstThunk != 0 ? dll->OriginalFirstThunk : dll->FirstThunk;
      AppendDll(image, image.At<char>(dll->Name), names, dll->FirstThunk, false, imports);
    }
  }
  if (const DWORD table = image.Directory(IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT)) {
    for (auto* dll = image.At<IMAGE_DELAYLOAD_DESCRIPTOR>(table); dll->DllNameRVA != 0; ++dll) {
      AppendDll(image, image.At<char>(dll->DllNameRVA), dll->ImportNameTableRVA, dll->ImportAddressTableRVA,
                true, imports);
    }
  }
  return imports;
}

void* ResolveImport(HMODULE module, const Import& import) {
  // The helper writes the address that it finds into the slot, which would undo a redirection.
  if (!import.delayed || !Image(module).Contains(*import.slot)) return *import.slot;
  const HMODULE dll = LoadLibraryA(import.dll.c_str());
  if (dll == nullptr) ThrowLastError("LoadLibraryA");
  const FARPROC found = GetProcAddress(dll, import.name.c_str());
  if (found == nullptr) ThrowLastError("GetProcAddress");
  return reinterpret_cast<void*>(found);
}

void WriteSlot(void** slot, void* value) {
  DWORD protection = 0;
  if (!VirtualProtect(slot, sizeof *slot, PAGE_READWRITE, &protection)) ThrowLastError("VirtualProtect");
  // Other threads may be calling through the slot.
  InterlockedExchangePointer(slot, value);
  VirtualProtect(slot, sizeof *slot, protection, &protection);
}

}  // namespace seam
