#include "handle_count.h"

#include <windows.h>
// After windows.h.
#include <winternl.h>

#include <vector>

#include "nt_function.h"

namespace seam {
namespace {

using QuerySystemInformation = NTSTATUS(NTAPI*)(ULONG, PVOID, ULONG, PULONG);

constexpr ULONG kExtendedHandleInformation = 64;
constexpr auto kLengthMismatch = static_cast<NTSTATUS>(0xC0000004);

struct HandleEntry {
  PVOID object;
  ULONG_PTR process;
  ULONG_PTR handle;
  ULONG access;
  USHORT trace_index;
  USHORT object_type;
  ULONG attributes;
  ULONG reserved;
};

struct HandleTable {
  ULONG_PTR count;
  ULONG_PTR reserved;
};

std::vector<HandleEntry> ReadHandles() {
  const auto query = FindNt<QuerySystemInformation>("NtQuerySystemInformation");
  for (ULONG capacity = 1024;; capacity *= 2) {
    std::vector<BYTE> memory(sizeof(HandleTable) + capacity * sizeof(HandleEntry));
    const auto size = static_cast<ULONG>(memory.size());
    const NTSTATUS status = query(kExtendedHandleInformation, memory.data(), size, nullptr);
    if (status == kLengthMismatch) continue;
    CheckStatus("NtQuerySystemInformation", status);
    const auto* const table = reinterpret_cast<const HandleTable*>(memory.data());
    const auto* const first = reinterpret_cast<const HandleEntry*>(memory.data() + sizeof(HandleTable));
    return std::vector<HandleEntry>(first, first + table->count);
  }
}

}  // namespace

std::vector<HANDLE> OwnHandles() {
  std::vector<HANDLE> handles;
  const ULONG_PTR self = GetCurrentProcessId();
  for (const HandleEntry& entry : ReadHandles()) {
    if (entry.process == self) handles.push_back(reinterpret_cast<HANDLE>(entry.handle));
  }
  return handles;
}

std::size_t CountHandles() { return OwnHandles().size(); }

}  // namespace seam
