#include "linux/credentials/reserved_uid.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "linux/path/descriptor.h"
#include "linux/token/passwd.h"

namespace impersonate::linux_port {
namespace {

constexpr const char* kSetting = "IMPERSONATE_RESERVED_UID";

// systemd assigns 61184 to 65519 to dynamic users; 65534 is the overflow uid and 65535 the 16-bit -1.
constexpr std::uint64_t kLowest = 65520, kHighest = 65533, kOverflow = 65534, kMinusOne = 4294967295;

// Uids of this user namespace, from `first` on.
struct Range {
  std::uint64_t first, count;

  std::uint64_t last() const { return first + count - 1; }
  bool Has(std::uint64_t uid) const { return first <= uid && uid <= last(); }
};

// From /proc/self/uid_map, the highest first. All uids if there is no such file.
std::vector<Range> MappedUids() {
  const std::optional<std::string> map = ReadProcFile("/proc/self/uid_map");
  if (!map) return {{0, kMinusOne}};
  std::vector<Range> ranges;
  const char* rest = map->c_str();
  const auto next = [&rest] {
    char* end = nullptr;
    const std::uint64_t number = std::strtoull(rest, &end, 10);
    rest = end;
    return number;
  };
  // Each line has the first uid here, the first one outside, and the count, which is never 0.
  while (true) {
    const std::uint64_t first = next();
    next();
    const std::uint64_t count = next();
    if (count == 0) break;
    ranges.push_back({first, count});
  }
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.first > b.first; });
  return ranges;
}

bool IsMapped(const std::vector<Range>& ranges, std::uint64_t uid) {
  return std::any_of(ranges.begin(), ranges.end(), [uid](const Range& range) { return range.Has(uid); });
}

Error NoReservedUid(const std::string& reason) { return Error("ERR_NO_RESERVED_UID", reason); }

std::optional<uid_t> ConfiguredUid() {
  const char* const text = std::getenv(kSetting);
  if (!text || *text == '\0') return std::nullopt;
  std::uint64_t uid = 0;
  const char* const end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, uid);
  if (error != std::errc() || stop != end || uid == 0 || uid >= kMinusOne || !IsMapped(MappedUids(), uid)) {
    throw NoReservedUid(std::string(kSetting) +
                        " must be a uid that no user has, other than 0 and mapped in this user namespace");
  }
  return static_cast<uid_t>(uid);
}

bool IsFree(std::uint64_t uid) {
  return uid != 0 && uid != kOverflow && uid != kMinusOne && !FindUserName(static_cast<uid_t>(uid));
}

uid_t ChooseUid() {
  if (const auto configured = ConfiguredUid()) return *configured;
  const std::vector<Range> ranges = MappedUids();
  for (std::uint64_t uid = kHighest; uid >= kLowest; --uid) {
    if (IsMapped(ranges, uid) && IsFree(uid)) return static_cast<uid_t>(uid);
  }
  for (const Range& range : ranges) {
    for (std::uint64_t left = range.count; left != 0; --left) {
      const std::uint64_t uid = range.first + left - 1;
      if (IsFree(uid)) return static_cast<uid_t>(uid);
    }
  }
  throw NoReservedUid(
      std::string(
          "Every uid of this user namespace belongs to an account. A thread that acts as a user needs a uid "
          "without an account: map another one, or set ") +
      kSetting);
}

}  // namespace

void CheckReservedUidSetting() { ConfiguredUid(); }

uid_t ReservedUid() {
  // Never changes: all threads that act as users must have the same one. The next call retries after a
  // failure.
  static const uid_t uid = ChooseUid();
  return uid;
}

}  // namespace impersonate::linux_port
