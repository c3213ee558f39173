#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/description.h"
#include "core/token.h"
#include "linux/credentials/credentials.h"
#include "linux/gssapi/credential.h"

namespace impersonate::linux_port {

// An identity for a thread: one uid, one gid, supplementary groups in ascending order, and the capabilities
// that may stay effective.
struct Identity {
  uid_t uid;
  gid_t gid;
  std::vector<gid_t> groups;
  std::uint64_t capabilities;
  // Whether groups or privileges have been removed from it: programs must not get them back from set-user-ID
  // programs.
  bool restricted = false;
};

class LinuxToken final : public Token {
 public:
  enum class Source { kProcess, kUser, kAnonymous };

  // Throws ERR_INVALID_IDENTITY for the id -1, which the kernel takes for "do not change it".
  LinuxToken(Source source, Level level, Identity identity, GssCredentialRef credential = nullptr);
  // The identity of `from`, with that credential.
  LinuxToken(const LinuxToken& from, GssCredentialRef credential)
      : LinuxToken(from.source_, from.level(), from.identity_, std::move(credential)) {}

  static const LinuxToken& From(const Token& token) { return static_cast<const LinuxToken&>(token); }

  Source source() const noexcept { return source_; }
  const Identity& identity() const noexcept { return identity_; }
  // By which a client authenticates to other services as the user; null if there is none.
  const GssCredentialRef& credential() const noexcept { return credential_; }

 private:
  Source source_;
  Identity identity_;
  GssCredentialRef credential_;
};

// The identity of a thread that has these credentials.
Identity IdentityOf(const Credentials& credentials);

}  // namespace impersonate::linux_port
