#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "core/port/negotiate.h"
#include "linux/gssapi/gssapi_library.h"

namespace impersonate::linux_port {

// A name of GSSAPI.
class GssName final {
 public:
  GssName() = default;
  // Throws Error.
  GssName(const std::string& text, GssOid& type);
  ~GssName();
  GssName(const GssName&) = delete;
  GssName& operator=(const GssName&) = delete;

  GssNameHandle get() const noexcept { return handle_; }
  // For a call that writes the name. Once only.
  GssNameHandle* out() noexcept { return &handle_; }
  // "alice@EXAMPLE.COM". Throws Error.
  std::string text() const;

 private:
  GssNameHandle handle_ = nullptr;
};

// Memory that a call of GSSAPI has returned.
class GssBytes final {
 public:
  GssBytes() = default;
  ~GssBytes();
  GssBytes(const GssBytes&) = delete;
  GssBytes& operator=(const GssBytes&) = delete;

  GssBuffer* out() noexcept { return &buffer_; }
  Bytes bytes() const;

 private:
  GssBuffer buffer_;
};

// A cache of tickets in the memory of the process, which no other credential uses. The library creates it at
// the first use of its name; destroyed with the object. Any thread may use it.
class MemoryCache final {
 public:
  MemoryCache();
  ~MemoryCache();
  MemoryCache(const MemoryCache&) = delete;
  MemoryCache& operator=(const MemoryCache&) = delete;

  const std::string& name() const noexcept {
    used_ = true;
    return name_;
  }

 private:
  std::string name_;
  mutable std::atomic<bool> used_{false};
};

// A credential of GSSAPI. Any thread may use it. Its tickets are destroyed with it, unless they are in a
// cache of its own.
class GssCredential final : public port::DelegatedCredential {
 public:
  // Takes the handle. Throws Error for a credential without Kerberos: a call with it would use the process's
  // default credential.
  explicit GssCredential(GssCredentialHandle handle);
  ~GssCredential() override;

  GssCredentialHandle get() const noexcept { return handle_; }
  // The principal as whom a context is initiated.
  const std::string& principal() const noexcept { return principal_; }
  // Whether it is for constrained delegation: it has no ticket-granting ticket of the principal's own.
  bool is_constrained() const noexcept { return constrained_; }

 private:
  GssCredentialHandle handle_;
  std::string principal_;
  bool constrained_ = false;
};

using GssCredentialRef = std::shared_ptr<const GssCredential>;

// The credential of this service, which gets its tickets by the keytab into `cache`. An empty principal is
// the first one of the keytab. Throws Error.
GssCredentialRef AcquireByKeytab(const std::string& keytab, const std::string& principal,
                                 const MemoryCache& cache);
// The process's default credential: its KRB5CCNAME or KRB5_CLIENT_KTNAME. Throws Error.
GssCredentialRef AcquireDefault();
// The credential of the principal by protocol transition (S4U2Self). Throws Error.
GssCredentialRef AcquireByTransition(const GssCredential& service, const std::string& principal);

}  // namespace impersonate::linux_port
