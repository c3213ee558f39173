#include "linux/credentials/credentials.h"

#include <linux/securebits.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>

#include "linux/credentials/system_calls.h"
#include "linux/errno_error.h"

namespace impersonate::linux_port {
namespace {

constexpr std::size_t kUsualGroups = 64;

bool HasGroups(const std::vector<gid_t>& groups) noexcept {
  std::array<gid_t, kUsualGroups> now{};
  const long count = raw::GetGroups(now.size(), now.data());
  return count >= 0 && std::equal(groups.begin(), groups.end(), now.begin(), now.begin() + count);
}

// Sets the effective uid first if the others differ from it: only it restores the right to set the others.
const char* WriteUids(const Credentials& credentials) noexcept {
  const uid_t effective = credentials.effective_uid;
  if (credentials.real_uid != effective || credentials.saved_uid != effective) {
    if (raw::SetResUid(raw::kSameUid, effective, raw::kSameUid) != 0) return "setresuid";
  }
  if (raw::SetResUid(credentials.real_uid, effective, credentials.saved_uid) != 0) return "setresuid";
  return nullptr;
}

const char* WriteGidsAndGroups(const Credentials& credentials) noexcept {
  if (const char* failed = WriteGids(credentials)) return failed;
  return WriteGroups(credentials);
}

const char* WriteFsIds(const Credentials& credentials) noexcept {
  if (credentials.fs_gid != credentials.effective_gid) {
    raw::SetFsGid(credentials.fs_gid);
    if (raw::SetFsGid(raw::kSameGid) != credentials.fs_gid) return "setfsgid";
  }
  if (credentials.fs_uid != credentials.effective_uid) {
    raw::SetFsUid(credentials.fs_uid);
    if (raw::SetFsUid(raw::kSameUid) != credentials.fs_uid) return "setfsuid";
  }
  return nullptr;
}

}  // namespace

bool operator==(const Credentials& a, const Credentials& b) {
  return a.real_uid == b.real_uid && a.effective_uid == b.effective_uid && a.saved_uid == b.saved_uid &&
         a.fs_uid == b.fs_uid && a.real_gid == b.real_gid && a.effective_gid == b.effective_gid &&
         a.saved_gid == b.saved_gid && a.fs_gid == b.fs_gid && a.groups == b.groups &&
         a.capabilities == b.capabilities;
}

void ReadGroups(std::vector<gid_t>& groups) {
  groups.resize(kUsualGroups);
  long count = raw::GetGroups(groups.size(), groups.data());
  if (count < 0 && errno == EINVAL) {
    groups.resize(kMostGroups);
    count = raw::GetGroups(groups.size(), groups.data());
  }
  if (count < 0) throw ErrnoError(errno, "getgroups");
  groups.resize(static_cast<std::size_t>(count));
}

void ReadCredentials(Credentials& credentials) {
  Credentials& c = credentials;
  if (raw::GetResUid(&c.real_uid, &c.effective_uid, &c.saved_uid) != 0) throw ErrnoError(errno, "getresuid");
  if (raw::GetResGid(&c.real_gid, &c.effective_gid, &c.saved_gid) != 0) throw ErrnoError(errno, "getresgid");
  ReadGroups(c.groups);
  c.capabilities = ReadCapabilities();
  c.fs_uid = raw::SetFsUid(raw::kSameUid);
  c.fs_gid = raw::SetFsGid(raw::kSameGid);
  const int securebits = ::prctl(PR_GET_SECUREBITS);
  c.capabilities_follow_uid = securebits >= 0 && (securebits & SECBIT_NO_SETUID_FIXUP) == 0;
}

bool HasFileCredentials(const Credentials& credentials) noexcept {
  const Credentials& c = credentials;
  return !HasSavedRoot(c) && raw::SetFsUid(raw::kSameUid) == c.fs_uid &&
         raw::SetFsGid(raw::kSameGid) == c.fs_gid && HasGroups(c.groups) &&
         (c.effective_uid == 0 || HasCapabilities(c.capabilities));
}

bool HasSavedRoot(const Credentials& credentials) noexcept {
  return credentials.effective_uid != 0 && (credentials.real_uid == 0 || credentials.saved_uid == 0);
}

bool DependsOnCapabilities(const Credentials& credentials) noexcept {
  return credentials.effective_uid != 0 && !HasSavedRoot(credentials);
}

const char* RegainRoot() noexcept {
  return raw::SetResUid(raw::kSameUid, 0, raw::kSameUid) != 0 ? "setresuid" : nullptr;
}

const char* DropRoot(const Credentials& credentials) noexcept {
  if (raw::SetResUid(credentials.real_uid, credentials.effective_uid, credentials.saved_uid) != 0) {
    return "setresuid";
  }
  return WriteCapabilities(credentials.capabilities);
}

const char* WriteGids(const Credentials& credentials) noexcept {
  const Credentials& c = credentials;
  return raw::SetResGid(c.real_gid, c.effective_gid, c.saved_gid) != 0 ? "setresgid" : nullptr;
}

const char* WriteGroups(const Credentials& credentials) noexcept {
  return raw::SetGroups(credentials.groups.size(), credentials.groups.data()) != 0 ? "setgroups" : nullptr;
}

namespace {

// Sets the ids or capabilities that give the right to set the rest first, and drops them last.
const char* WriteIds(const Credentials& credentials, CapabilityRestore capabilities) noexcept {
  const bool by_us = capabilities == CapabilityRestore::kByCapset;
  if (HasSavedRoot(credentials)) {
    if (const char* failed = RegainRoot()) return failed;
    if (const char* failed = WriteGidsAndGroups(credentials)) return failed;
    return DropRoot(credentials);
  }
  // A service that is not root needs its capabilities to change its ids, so they are restored first. Root's
  // capabilities return with the uid, and are then reduced to the previous ones.
  const bool root = credentials.effective_uid == 0;
  if (by_us && !root) {
    if (const char* failed = WriteCapabilities(credentials.capabilities)) return failed;
  }
  if (const char* failed = WriteUids(credentials)) return failed;
  if (by_us && root) {
    if (const char* failed = WriteCapabilities(credentials.capabilities)) return failed;
  }
  return WriteGidsAndGroups(credentials);
}

}  // namespace

const char* WriteCredentials(const Credentials& credentials, CapabilityRestore capabilities) noexcept {
  if (const char* failed = WriteIds(credentials, capabilities)) return failed;
  if (const char* failed = WriteFsIds(credentials)) return failed;
  // A system call filter can report success for a call that did nothing, so the ids are read back.
  if (raw::GetEuid() != credentials.effective_uid) return errno = EPERM, "geteuid";
  if (raw::GetEgid() != credentials.effective_gid) return errno = EPERM, "getegid";
  return nullptr;
}

}  // namespace impersonate::linux_port
