#pragma once

#include <string>
#include <vector>

#include "core/secret.h"
#include "linux/pam/pam_library.h"

namespace impersonate::linux_port {

// One authentication, or one session, of a user by one PAM service. The password must outlive it, and is
// passed to PAM once.
class PamSession final {
 public:
  // pam_start; throws Error.
  PamSession(const std::string& service, const std::string& user, const Secret<char>& password);
  // pam_end.
  ~PamSession();
  PamSession(const PamSession&) = delete;
  PamSession& operator=(const PamSession&) = delete;

  // Checks the password (pam_authenticate) and the account (pam_acct_mgmt). Throws Error.
  void Authenticate();
  // Checks the account alone (pam_acct_mgmt), for a user who has been authenticated otherwise. Throws Error.
  void RequireAccount();
  // Establishes the user's credentials and opens a session (pam_setcred, pam_open_session), for a user who
  // has been authenticated otherwise. Throws Error.
  void Open();
  // Closes what Open() has opened (pam_close_session, pam_setcred).
  void Close() noexcept;
  // The variables that the session's modules have set: NAME=value.
  std::vector<std::string> Environment() const;
  // The user's name according to the service, which may differ from the given one. Throws Error.
  std::string User() const;

 private:
  static int Converse(int count, const PamMessage** messages, PamResponse** responses, void* data) noexcept;
  void Require(int status, const char* syscall);

  const PamLibrary& pam_;
  const Secret<char>& password_;
  bool password_given_ = false;
  PamConversation conversation_{Converse, this};
  PamHandle* handle_ = nullptr;
  int status_ = kPamSuccess;
};

// PamSession::RequireAccount() for a user without a password. Throws Error.
void RequireAccount(const std::string& service, const std::string& user);

}  // namespace impersonate::linux_port
