#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/description.h"
#include "core/token.h"

// What an operating system must provide. Every function throws `Error` unless it says otherwise.
namespace impersonate::port {

// "win32", "linux" or "unsupported".
const char* Name() noexcept;

// Whether the system took this program for one with more rights than whoever started it (AT_SECURE), so that
// Node ignores its variables.
bool IsSecureExecution() noexcept;

// Called before Init. Throws ERR_SECOND_COPY, with the paths of both, if another copy of the addon serves
// this process, be it on another thread or of another version: each copy knows only the scopes that it has
// opened.
void ClaimProcess();

// Called once per process, before anything else, by the first thread that loads the addon. Throws where
// impersonation cannot be made safe in this process.
void Init(unsigned node_major);

// Called by every thread that loads the addon, outside of every scope. A thread that was born with a user's
// identity is given the process's; throws if that fails, and the addon does not load there.
void InitThread();

// Calls `at_end(data)` on the calling thread when that thread ends. At most once on a thread. Not the work of
// a thread_local destructor: a DLL made by MinGW frees the storage of such objects before it destroys them.
void AtThreadEnd(void (*at_end)(void* data), void* data);

// ---- tokens ----------------------------------------------------------------------------------------

// The identity of the process, whatever the calling thread is impersonating.
TokenRef ProcessToken();
// What the kernel says the calling thread impersonates; null if nothing.
TokenRef ThreadToken();
TokenRef AnonymousToken();
// Who answers for an account: on Windows Kerberos for a domain's, the computer itself for its own, or either
// by the form of the name. Elsewhere there is one user database, and kAuto alone.
enum class UserSource { kAuto = 0, kKerberos = 1, kLocal = 2 };
// Without a password, by name; ERR_UNKNOWN_USER if there is none. On Linux an account that is known to have
// expired is refused, and with `check_account` whichever PAM's account step refuses; Windows always checks.
// May block, for long where another machine is asked: never call it on a JavaScript thread, nor on libuv's
// pool.
TokenRef TokenForUser(const std::string& name, UserSource source, bool check_account);
// A Linux user by numbers, whether or not any account has them.
TokenRef TokenForIds(std::uint32_t uid, std::uint32_t gid, const std::vector<std::uint32_t>& groups);
// A Win32 token handle. With `adopt` the handle is closed once the call has succeeded, else it stays the
// caller's.
TokenRef TokenFromHandle(std::uint64_t handle, bool adopt);

TokenRef Restrict(const Token& token, const Restrictions& restrictions);
TokenRef Duplicate(const Token& token, Level level);
Description Describe(const Token& token);
// Same user, groups, privileges, restrictions and level.
bool Equal(const Token& a, const Token& b);

// None if no account has that identifier. May block: never call it on a JavaScript thread.
std::optional<Account> LookupAccount(const Principal& principal);

// ---- the calling thread ----------------------------------------------------------------------------

// What a thread was before its outermost scope. One object per thread, used over and over; each port
// defines its own.
struct Captured;
struct CapturedDelete {
  void operator()(Captured* captured) const noexcept;
};
using CapturedPtr = std::unique_ptr<Captured, CapturedDelete>;

CapturedPtr NewCaptured();

// Remembers what the thread is now, at the entry of an outermost scope.
void Capture(Captured& captured);
// Puts `token` on the thread; `current` is what the thread carries now, null for what was captured. Reads
// the identity back where the token is not verified yet. When it throws, the thread is as it was.
void Apply(Captured& captured, const Token* current, const Token& token);
// Gives the thread back what was captured, and lets go of it. Aborts the process if that fails.
void Restore(Captured& captured) noexcept;
// The same for the time of a baseline scope: what was captured stays captured. Aborts likewise.
void RestoreForNow(Captured& captured) noexcept;
// Lets go of what was captured, if anything, without touching the thread: for a failed outermost entry.
void Forget(Captured& captured) noexcept;

// ---- threads that belong to nobody -------------------------------------------------------------------

// Acts as a token on a pool thread for one piece of native work, which must not outlive it. Unlike a scope it
// comes back to the process's own identity, not to what the thread was before; a thread that is found with
// any other is given the process's first. The constructor throws, with the thread at the process's identity;
// the destructor aborts the process if that cannot be put back, or does not read back.
class JobScope {
 public:
  explicit JobScope(const Token& token);
  ~JobScope();
  JobScope(const JobScope&) = delete;
  JobScope& operator=(const JobScope&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// ---- paths -------------------------------------------------------------------------------------------

// What the last name of a path stands for.
enum class Last {
  kTarget,  // what is there, at the end of symbolic links
  kItself,  // what is there, be it a symbolic link
  kEntry,   // the entry of its directory, to be made, removed or read
};

// A path as the calling thread's user resolves it, for one libuv call. Linux lets every thread open its own
// process's entries in /proc, whatever user it acts as; and it resolves a relative path without a check of
// what lies above the current directory. Here both fail with EACCES. What has been checked is held open, so
// that no exchange of a symbolic link leads the call elsewhere.
class GuardedPath {
 public:
  GuardedPath(const std::string& path, Last last);
  // Opens it as open(2) does.
  GuardedPath(const std::string& path, int flags, int mode);
  ~GuardedPath();
  GuardedPath(const GuardedPath&) = delete;
  GuardedPath& operator=(const GuardedPath&) = delete;

  // 0, or a negative errno: there is nothing to call then.
  int error() const noexcept { return error_; }
  // What to call libuv with; not for kItself, unless there is no descriptor.
  const char* c_str() const noexcept { return path_.c_str(); }
  // What has been opened, or the object (O_PATH) or, for kEntry, its directory (O_PATH). -1 where the system
  // needs no guard: nothing has been opened there.
  int fd() const noexcept { return fd_; }
  // The descriptor, which is the caller's to close.
  int Release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1, error_ = 0;
  std::string path_;
};

// access(2) as the identity that opens files now: 0 or an errno, none where libuv's own asks for the right
// one.
std::optional<int> AccessAsUser(const char* path, int mode) noexcept;

// ---- the process's own credentials -------------------------------------------------------------------

// Bars every thread from entering a scope while it lives, for a change of the process's own credentials.
// Throws ERR_SCOPE_ACTIVE if any thread is in one. Afterwards the new credentials are the process's.
class CredentialChange {
 public:
  CredentialChange();
  ~CredentialChange();
  CredentialChange(const CredentialChange&) = delete;
  CredentialChange& operator=(const CredentialChange&) = delete;
};

}  // namespace impersonate::port
