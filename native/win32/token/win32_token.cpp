#include "win32/token/win32_token.h"

#include <cstddef>
#include <utility>
#include <vector>

#include "win32/last_error.h"
#include "win32/process_identity.h"
#include "win32/sid.h"
#include "win32/thread/current_thread.h"
#include "win32/token/token_information.h"

namespace impersonate::win32 {

namespace {

constexpr DWORD kAccess = TOKEN_READ | TOKEN_IMPERSONATE | TOKEN_DUPLICATE;

// The fixed part of an entry includes the first DWORD of its SID.
std::size_t AceSize(PSID sid) { return sizeof(ACCESS_ALLOWED_ACE) - sizeof(DWORD) + GetLengthSid(sid); }

// The security descriptor of our tokens, which others could open once a token is on a thread. Its owner is
// the process's user, who may query, duplicate and impersonate the token. It grants nothing to others, not
// even to the token's user, who may have another token with fewer rights. The system's default would depend
// on the identity of the creating thread.
class TokenSecurity {
 public:
  TokenSecurity() {
    const PSID process = ProcessIdentity::Get().user().get();
    dacl_.resize(sizeof(ACL) + AceSize(process));
    if (!InitializeAcl(dacl(), static_cast<DWORD>(dacl_.size()), ACL_REVISION))
      ThrowLastError("InitializeAcl");
    if (!AddAccessAllowedAce(dacl(), ACL_REVISION, kAccess, process)) ThrowLastError("AddAccessAllowedAce");
    if (!InitializeSecurityDescriptor(&descriptor_, SECURITY_DESCRIPTOR_REVISION)) {
      ThrowLastError("InitializeSecurityDescriptor");
    }
    // The owner of an object may change its DACL.
    if (!SetSecurityDescriptorOwner(&descriptor_, process, FALSE))
      ThrowLastError("SetSecurityDescriptorOwner");
    if (!SetSecurityDescriptorDacl(&descriptor_, TRUE, dacl(), FALSE))
      ThrowLastError("SetSecurityDescriptorDacl");
    attributes_ = {sizeof attributes_, &descriptor_, FALSE};
  }
  TokenSecurity(const TokenSecurity&) = delete;
  TokenSecurity& operator=(const TokenSecurity&) = delete;

  // For the creation of the token by a thread that acts as the process: only such a thread can make the
  // process's user the owner. Valid while this object lives.
  SECURITY_ATTRIBUTES* attributes() noexcept { return &attributes_; }

 private:
  ACL* dacl() noexcept { return reinterpret_cast<ACL*>(dacl_.data()); }

  std::vector<unsigned char> dacl_;
  SECURITY_DESCRIPTOR descriptor_{};
  SECURITY_ATTRIBUTES attributes_{};
};

}  // namespace

static_assert(static_cast<int>(Level::kAnonymous) == SecurityAnonymous);
static_assert(static_cast<int>(Level::kIdentification) == SecurityIdentification);
static_assert(static_cast<int>(Level::kImpersonation) == SecurityImpersonation);
static_assert(static_cast<int>(Level::kDelegation) == SecurityDelegation);

std::shared_ptr<const Win32Token> Win32Token::CopyOf(HANDLE source, Level level, bool primary) {
  constexpr DWORD kOwnAccess = TOKEN_QUERY | TOKEN_IMPERSONATE | TOKEN_DUPLICATE;
  TokenSecurity security;
  const AsProcess as_process;
  HANDLE copy = nullptr;
  if (!DuplicateTokenEx(source, kOwnAccess, security.attributes(),
                        static_cast<SECURITY_IMPERSONATION_LEVEL>(level), TokenImpersonation, &copy)) {
    ThrowLastError("DuplicateTokenEx");
  }
  UniqueHandle handle(copy);
  return std::shared_ptr<const Win32Token>(new Win32Token(std::move(handle), level, primary));
}

Win32Token::Win32Token(UniqueHandle handle, Level level, bool primary)
    : Token(level, SidToString(UserOf(handle.get()).get())), handle_(std::move(handle)), primary_(primary) {}

}  // namespace impersonate::win32
