#include <memory>
#include <optional>
#include <string>

#include "core/error.h"
#include "core/fatal.h"
#include "core/port.h"
#include "win32/thread/current_thread.h"
#include "win32/thread/verify.h"
#include "win32/token/win32_token.h"

namespace impersonate::port {

// A pool thread has no token of its own: there is nothing to remember. One that somebody else has left there
// is replaced by the job's, and gone with it.
struct JobScope::State {};

JobScope::JobScope(const Token& token) : state_(nullptr) {
  const win32::Win32Token& target = win32::Win32Token::From(token);
  try {
    win32::SetCurrentThreadToken(target.handle());
    if (token.verified()) return;
    win32::VerifyCurrentThread(target);
  } catch (...) {
    win32::GiveBackCurrentThreadToken(nullptr);
    throw;
  }
  token.MarkVerified();
}

JobScope::~JobScope() {
  win32::GiveBackCurrentThreadToken(nullptr);
  try {
    if (!win32::OpenCurrentThreadToken(TOKEN_QUERY)) return;
  } catch (const Error& error) {
    // A token that does not admit whoever asks is one all the same.
    if (error.number() != ERROR_ACCESS_DENIED) {
      Abort(std::string("a pool thread's identity cannot be read after a job: ") + error.what());
    }
  }
  Abort("a pool thread still carries a user's token after a job");
}

std::optional<int> AccessAsUser(const char*, int) noexcept { return std::nullopt; }

// Windows has no entries of processes in its file system, and the paths come here in absolute form.
GuardedPath::GuardedPath(const std::string& path, Last) : path_(path) {}
GuardedPath::GuardedPath(const std::string& path, int, int) : path_(path) {}
GuardedPath::~GuardedPath() = default;

}  // namespace impersonate::port
