#include "linux/credentials/capabilities.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>

#include "linux/errno_error.h"

namespace impersonate::linux_port {
namespace {

// In the kernel's order: the index of a capability is its bit number.
constexpr std::array<const char*, 41> kNames = {"CAP_CHOWN",
                                                "CAP_DAC_OVERRIDE",
                                                "CAP_DAC_READ_SEARCH",
                                                "CAP_FOWNER",
                                                "CAP_FSETID",
                                                "CAP_KILL",
                                                "CAP_SETGID",
                                                "CAP_SETUID",
                                                "CAP_SETPCAP",
                                                "CAP_LINUX_IMMUTABLE",
                                                "CAP_NET_BIND_SERVICE",
                                                "CAP_NET_BROADCAST",
                                                "CAP_NET_ADMIN",
                                                "CAP_NET_RAW",
                                                "CAP_IPC_LOCK",
                                                "CAP_IPC_OWNER",
                                                "CAP_SYS_MODULE",
                                                "CAP_SYS_RAWIO",
                                                "CAP_SYS_CHROOT",
                                                "CAP_SYS_PTRACE",
                                                "CAP_SYS_PACCT",
                                                "CAP_SYS_ADMIN",
                                                "CAP_SYS_BOOT",
                                                "CAP_SYS_NICE",
                                                "CAP_SYS_RESOURCE",
                                                "CAP_SYS_TIME",
                                                "CAP_SYS_TTY_CONFIG",
                                                "CAP_MKNOD",
                                                "CAP_LEASE",
                                                "CAP_AUDIT_WRITE",
                                                "CAP_AUDIT_CONTROL",
                                                "CAP_SETFCAP",
                                                "CAP_MAC_OVERRIDE",
                                                "CAP_MAC_ADMIN",
                                                "CAP_SYSLOG",
                                                "CAP_WAKE_ALARM",
                                                "CAP_BLOCK_SUSPEND",
                                                "CAP_AUDIT_READ",
                                                "CAP_PERFMON",
                                                "CAP_BPF",
                                                "CAP_CHECKPOINT_RESTORE"};

using Data = std::array<__user_cap_data_struct, 2>;

__user_cap_header_struct Header() {
  __user_cap_header_struct header{};
  header.version = _LINUX_CAPABILITY_VERSION_3;
  header.pid = 0;  // the calling thread
  return header;
}

std::uint64_t Join(std::uint32_t low, std::uint32_t high) {
  return low | (static_cast<std::uint64_t>(high) << 32);
}

int Ambient(unsigned long what, std::size_t bit) noexcept {
  return ::prctl(PR_CAP_AMBIENT, what, static_cast<unsigned long>(bit), 0UL, 0UL);
}

// Calls `use(bit)` for each capability of the set until it returns false. Returns whether it never did.
template <typename Use>
bool ForEach(std::uint64_t set, Use use) noexcept {
  for (std::size_t bit = 0; set != 0; ++bit, set >>= 1) {
    if ((set & 1) != 0 && !use(bit)) return false;
  }
  return true;
}

// Returns null, or the name of the call that failed, with errno.
const char* Get(Capabilities& capabilities) noexcept {
  auto header = Header();
  Data data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) return "capget";
  capabilities.effective = Join(data[0].effective, data[1].effective);
  capabilities.permitted = Join(data[0].permitted, data[1].permitted);
  capabilities.inheritable = Join(data[0].inheritable, data[1].inheritable);
  capabilities.ambient = 0;
  const bool known = ForEach(capabilities.inheritable & capabilities.permitted, [&](std::size_t bit) {
    const int set = Ambient(PR_CAP_AMBIENT_IS_SET, bit);
    if (set > 0) capabilities.ambient |= std::uint64_t{1} << bit;
    // EINVAL: a kernel before 4.3, which has no ambient capabilities.
    return set >= 0 || errno == EINVAL;
  });
  return known ? nullptr : "prctl";
}

}  // namespace

Capabilities ReadCapabilities() {
  Capabilities capabilities;
  if (const char* failed = Get(capabilities)) throw ErrnoError(errno, failed);
  return capabilities;
}

bool HasCapabilities(const Capabilities& capabilities) noexcept {
  Capabilities now;
  return Get(now) == nullptr && now == capabilities;
}

const char* WriteCapabilities(const Capabilities& capabilities) noexcept {
  auto header = Header();
  Data data{};
  for (std::size_t half = 0; half < data.size(); ++half) {
    data[half].effective = static_cast<std::uint32_t>(capabilities.effective >> (32 * half));
    data[half].permitted = static_cast<std::uint32_t>(capabilities.permitted >> (32 * half));
    data[half].inheritable = static_cast<std::uint32_t>(capabilities.inheritable >> (32 * half));
  }
  if (::syscall(SYS_capset, &header, data.data()) != 0) return "capset";
  const bool raised =
      ForEach(capabilities.ambient, [](std::size_t bit) { return Ambient(PR_CAP_AMBIENT_RAISE, bit) == 0; });
  return raised ? nullptr : "prctl";
}

const char* LimitCapabilitySets(std::uint64_t keep) noexcept {
  constexpr std::size_t kBits = 64;
  for (std::size_t bit = 0; bit < kBits; ++bit) {
    const int bounding = ::prctl(PR_CAPBSET_READ, static_cast<unsigned long>(bit), 0UL, 0UL, 0UL);
    if (bounding < 0) break;  // the kernel has no more capabilities
    if (bounding == 0 || ((keep >> bit) & 1) != 0) continue;
    if (::prctl(PR_CAPBSET_DROP, static_cast<unsigned long>(bit), 0UL, 0UL, 0UL) != 0) return "prctl";
  }
  Capabilities kept;
  if (const char* failed = Get(kept)) return failed;
  kept.effective &= keep;
  kept.permitted &= keep;
  kept.inheritable &= keep;
  // capset removes the others from the ambient set, and these need not be raised again.
  kept.ambient = 0;
  return WriteCapabilities(kept);
}

bool IsInBoundingSet(std::uint64_t capability) noexcept {
  std::size_t bit = 0;
  while ((capability >> bit) > 1) ++bit;
  return ::prctl(PR_CAPBSET_READ, static_cast<unsigned long>(bit), 0UL, 0UL, 0UL) != 0;
}

std::vector<Privilege> ListCapabilities(const Capabilities& capabilities) {
  std::vector<Privilege> list;
  for (std::size_t bit = 0; bit < kNames.size(); ++bit) {
    const std::uint64_t mask = std::uint64_t{1} << bit;
    if ((capabilities.permitted & mask) == 0) continue;
    list.push_back({kNames[bit], (capabilities.effective & mask) != 0});
  }
  return list;
}

std::string CapabilityNames(std::uint64_t set) {
  std::string text;
  for (std::size_t bit = 0; bit < kNames.size(); ++bit) {
    if ((set & (std::uint64_t{1} << bit)) != 0) text += (text.empty() ? "" : ",") + std::string(kNames[bit]);
  }
  return text;
}

std::uint64_t CapabilityBit(const std::string& name, const char* argument) {
  for (std::size_t bit = 0; bit < kNames.size(); ++bit) {
    if (name == kNames[bit]) return std::uint64_t{1} << bit;
  }
  throw Error("ERR_INVALID_ARG_VALUE", std::string(argument) + ": '" + name + "' is not a Linux capability");
}

}  // namespace impersonate::linux_port
