#pragma once

#include <string>

#include "core/secret.h"
#include "linux/pam/pam_library.h"

namespace impersonate::linux_port {

// One user at the door of one PAM service. The password has to outlive it, and is handed out once.
class PamSession final {
 public:
  // pam_start; throws Error.
  PamSession(const std::string& service, const std::string& user, const Secret<char>& password);
  // pam_end.
  ~PamSession();
  PamSession(const PamSession&) = delete;
  PamSession& operator=(const PamSession&) = delete;

  // pam_authenticate and pam_acct_mgmt: the password is right, and the account may be used now. Throws Error.
  void Authenticate();
  // pam_acct_mgmt alone: the account may be used now, whoever vouches for the user. Throws Error.
  void RequireAccount();
  // What the service takes the user for, which may be another name than was given. Throws Error.
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

// PamSession::RequireAccount() for a user who proves nothing. Throws Error.
void RequireAccount(const std::string& service, const std::string& user);

}  // namespace impersonate::linux_port
