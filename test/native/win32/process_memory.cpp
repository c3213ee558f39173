#include "process_memory.h"

#include <algorithm>

#include "call_failed.h"
#include "handle.h"

namespace seam {
namespace {

size_t CountIn(const std::vector<BYTE>& memory, const std::vector<BYTE>& bytes) {
  size_t count = 0;
  auto at = memory.begin();
  while ((at = std::search(at, memory.end(), bytes.begin(), bytes.end())) != memory.end()) {
    ++count;
    ++at;
  }
  return count;
}

}  // namespace

size_t CountInProcess(DWORD process, const std::vector<BYTE>& bytes) {
  const Handle handle(OpenProcess(PROCESS_QUERY_INFORMATION | PROCESS_VM_READ, FALSE, process));
  if (!handle) ThrowLastError("OpenProcess");
  size_t count = 0;
  MEMORY_BASIC_INFORMATION region{};
  const BYTE* at = nullptr;
  std::vector<BYTE> memory;
  while (VirtualQueryEx(handle.get(), at, &region, sizeof region) == sizeof region) {
    at = static_cast<const BYTE*>(region.BaseAddress) + region.RegionSize;
    constexpr DWORD kWritable = PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READWRITE;
    if (region.State != MEM_COMMIT || (region.Protect & kWritable) == 0 ||
        (region.Protect & PAGE_GUARD) != 0) {
      continue;
    }
    memory.resize(region.RegionSize);
    SIZE_T read = 0;
    ReadProcessMemory(handle.get(), region.BaseAddress, memory.data(), memory.size(), &read);
    memory.resize(read);
    count += CountIn(memory, bytes);
  }
  return count;
}

}  // namespace seam
