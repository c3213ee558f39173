#pragma once

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

// The raw credential system calls, which act on the calling thread alone: the C library's functions of these
// names signal every thread of the process to make the same call. All return 0 or more, or -1 with errno.
namespace impersonate::linux_port::raw {

// On 32-bit machines the plain names are calls with 16-bit ids.
#ifdef SYS_setresuid32
constexpr long kGetresuid = SYS_getresuid32, kGetresgid = SYS_getresgid32, kGetgroups = SYS_getgroups32;
constexpr long kSetresuid = SYS_setresuid32, kSetresgid = SYS_setresgid32, kSetgroups = SYS_setgroups32;
constexpr long kSetfsuid = SYS_setfsuid32, kSetfsgid = SYS_setfsgid32;
constexpr long kGeteuid = SYS_geteuid32, kGetegid = SYS_getegid32;
#else
constexpr long kGetresuid = SYS_getresuid, kGetresgid = SYS_getresgid, kGetgroups = SYS_getgroups;
constexpr long kSetresuid = SYS_setresuid, kSetresgid = SYS_setresgid, kSetgroups = SYS_setgroups;
constexpr long kSetfsuid = SYS_setfsuid, kSetfsgid = SYS_setfsgid;
constexpr long kGeteuid = SYS_geteuid, kGetegid = SYS_getegid;
#endif

// The id that the system calls take for "leave it as it is".
constexpr uid_t kSameUid = static_cast<uid_t>(-1);
constexpr gid_t kSameGid = static_cast<gid_t>(-1);

inline long GetResUid(uid_t* r, uid_t* e, uid_t* s) { return ::syscall(kGetresuid, r, e, s); }
inline long GetResGid(gid_t* r, gid_t* e, gid_t* s) { return ::syscall(kGetresgid, r, e, s); }
inline long SetResUid(uid_t r, uid_t e, uid_t s) { return ::syscall(kSetresuid, r, e, s); }
inline long SetResGid(gid_t r, gid_t e, gid_t s) { return ::syscall(kSetresgid, r, e, s); }
inline uid_t GetEuid() { return static_cast<uid_t>(::syscall(kGeteuid)); }
inline gid_t GetEgid() { return static_cast<gid_t>(::syscall(kGetegid)); }
inline long GetGroups(std::size_t size, gid_t* list) { return ::syscall(kGetgroups, size, list); }
inline long SetGroups(std::size_t size, const gid_t* list) { return ::syscall(kSetgroups, size, list); }

// These two report no errors: they return the previous id.
inline uid_t SetFsUid(uid_t uid) { return static_cast<uid_t>(::syscall(kSetfsuid, uid)); }
inline gid_t SetFsGid(gid_t gid) { return static_cast<gid_t>(::syscall(kSetfsgid, gid)); }

}  // namespace impersonate::linux_port::raw
