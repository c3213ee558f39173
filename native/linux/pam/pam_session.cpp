#include "linux/pam/pam_session.h"

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace impersonate::linux_port {
namespace {

// libpam frees these, so they are from malloc. A password in them is wiped if they are not passed to libpam.
struct Answers {
  PamResponse* list;
  std::size_t count;

  ~Answers() {
    if (list == nullptr) return;
    for (std::size_t i = 0; i < count; ++i) {
      if (list[i].text != nullptr) Wipe(list[i].text, std::strlen(list[i].text));
      std::free(list[i].text);
    }
    std::free(list);
  }
};

char* MallocCopy(const Secret<char>& secret) {
  const std::size_t size = std::strlen(secret.data()) + 1;
  auto* const copy = static_cast<char*>(std::malloc(size));
  if (copy != nullptr) std::memcpy(copy, secret.data(), size);
  return copy;
}

}  // namespace

PamSession::PamSession(const std::string& service, const std::string& user, const Secret<char>& password)
    : pam_(PamLibrary::Get()), password_(password) {
  const int status = pam_.start(service.c_str(), user.c_str(), &conversation_, &handle_);
  if (status != kPamSuccess) {
    if (handle_ != nullptr) pam_.end(handle_, status);
    throw PamError(status, "pam_start");
  }
}

PamSession::~PamSession() { pam_.end(handle_, status_); }

void PamSession::Authenticate() {
  constexpr int kFlags = kPamSilent | kPamDisallowNullPassword;
  Require(pam_.authenticate(handle_, kFlags), "pam_authenticate");
  Require(pam_.acct_mgmt(handle_, kFlags), "pam_acct_mgmt");
}

void PamSession::RequireAccount() {
  password_given_ = true;  // there is no password for a prompt
  Require(pam_.acct_mgmt(handle_, kPamSilent), "pam_acct_mgmt");
}

void PamSession::Open() {
  password_given_ = true;
  Require(pam_.setcred(handle_, kPamEstablishCredentials | kPamSilent), "pam_setcred");
  const int status = pam_.open_session(handle_, kPamSilent);
  if (status != kPamSuccess) pam_.setcred(handle_, kPamDeleteCredentials | kPamSilent);
  Require(status, "pam_open_session");
}

void PamSession::Close() noexcept {
  status_ = pam_.close_session(handle_, kPamSilent);
  const int status = pam_.setcred(handle_, kPamDeleteCredentials | kPamSilent);
  if (status_ == kPamSuccess) status_ = status;
}

std::vector<std::string> PamSession::Environment() const {
  char** const list = pam_.getenvlist(handle_);
  if (list == nullptr) throw PamError(kPamBufError, "pam_getenvlist");
  std::vector<std::string> environment;
  for (char** text = list; *text != nullptr; ++text) {
    environment.emplace_back(*text);
    std::free(*text);
  }
  std::free(list);
  return environment;
}

std::string PamSession::User() const {
  const void* name = nullptr;
  const int status = pam_.get_item(handle_, kPamItemUser, &name);
  if (status != kPamSuccess) throw PamError(status, "pam_get_item");
  if (name == nullptr) throw PamError(kPamUserUnknown, "pam_get_item");
  return static_cast<const char*>(name);
}

void PamSession::Require(int status, const char* syscall) {
  status_ = status;
  if (status != kPamSuccess) throw PamError(status, syscall);
}

// Called by libpam on the thread that authenticates. There is one password: a second prompt fails, and so
// does one that would echo its input. Messages are ignored.
int PamSession::Converse(int count, const PamMessage** messages, PamResponse** responses,
                         void* data) noexcept {
  auto& session = *static_cast<PamSession*>(data);
  if (count < 1 || messages == nullptr || responses == nullptr) return kPamConversationError;
  const auto total = static_cast<std::size_t>(count);
  Answers answers{static_cast<PamResponse*>(std::calloc(total, sizeof(PamResponse))), total};
  if (answers.list == nullptr) return kPamBufError;
  for (std::size_t i = 0; i < total; ++i) {
    const int style = messages[i]->style;
    if (style == kPamTextInfo || style == kPamErrorMessage) continue;
    if (style != kPamPromptEchoOff || session.password_given_) return kPamConversationError;
    session.password_given_ = true;
    answers.list[i].text = MallocCopy(session.password_);
    if (answers.list[i].text == nullptr) return kPamBufError;
  }
  *responses = answers.list;
  answers.list = nullptr;
  return kPamSuccess;
}

void RequireAccount(const std::string& service, const std::string& user) {
  const Secret<char> none(0);
  PamSession(service, user, none).RequireAccount();
}

}  // namespace impersonate::linux_port
