#include "process_memory.h"

#include <algorithm>
#include <bitset>

#include "call_failed.h"
#include "handle.h"

namespace seam {
namespace {

// Searches for all parts at once, by their first two bytes.
class Search {
 public:
  explicit Search(const std::vector<std::vector<BYTE>>& parts) : parts_(parts) {
    for (const auto& part : parts) starts_.set(StartOf(part.data()));
  }

  size_t CountIn(const std::vector<BYTE>& memory) const {
    size_t count = 0;
    for (size_t at = 0; at + 1 < memory.size(); ++at) {
      if (!starts_[StartOf(&memory[at])]) continue;
      count += static_cast<size_t>(std::count_if(parts_.begin(), parts_.end(), [&](const auto& part) {
        return memory.size() - at >= part.size() && std::equal(part.begin(), part.end(), &memory[at]);
      }));
    }
    return count;
  }

 private:
  static size_t StartOf(const BYTE* bytes) { return bytes[0] + static_cast<size_t>(bytes[1]) * 256; }

  const std::vector<std::vector<BYTE>>& parts_;
  std::bitset<65536> starts_;
};

}  // namespace

size_t CountInProcess(DWORD process, const std::vector<std::vector<BYTE>>& parts) {
  const Search search(parts);
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
    count += search.CountIn(memory);
  }
  return count;
}

}  // namespace seam
