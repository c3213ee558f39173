#include "linux/gssapi/credential.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"

namespace impersonate::linux_port {
namespace {

GssOidSet kerberosOnly{1, &kKrb5Mechanism};

std::string NewCacheName() {
  static std::atomic<std::uint64_t> count{0};
  return "MEMORY:impersonate-" + std::to_string(++count);
}

GssCredentialRef Acquire(const std::string& principal, std::vector<GssStoreElement> elements) {
  const GssapiLibrary& gss = GssapiLibrary::Get();
  std::unique_ptr<GssName> name;
  if (!principal.empty()) name = std::make_unique<GssName>(principal, kPrincipalName);
  const GssStore store{static_cast<std::uint32_t>(elements.size()), elements.data()};
  GssCredentialHandle handle = nullptr;
  std::uint32_t minor = 0;
  const std::uint32_t major =
      gss.acquire_cred_from(&minor, name ? name->get() : nullptr, kGssIndefinite, &kerberosOnly, kGssInitiate,
                            elements.empty() ? nullptr : &store, &handle, nullptr, nullptr);
  if (IsGssError(major)) throw GssError(major, minor, "gss_acquire_cred_from");
  return std::make_shared<GssCredential>(handle);
}

bool HasImpersonator(const GssapiLibrary& gss, GssCredentialHandle handle) {
  GssBufferSet* found = nullptr;
  std::uint32_t minor = 0;
  if (IsGssError(gss.inquire_cred_by_oid(&minor, handle, &kGetImpersonator, &found))) return false;
  const bool any = found != nullptr && found->count > 0;
  gss.release_buffer_set(&minor, &found);
  return any;
}

}  // namespace

GssName::GssName(const std::string& text, GssOid& type) {
  GssBuffer buffer{text.size(), const_cast<char*>(text.data())};
  std::uint32_t minor = 0;
  const std::uint32_t major = GssapiLibrary::Get().import_name(&minor, &buffer, &type, &handle_);
  if (IsGssError(major)) throw GssError(major, minor, "gss_import_name");
}

GssName::~GssName() {
  std::uint32_t minor = 0;
  if (handle_ != nullptr) GssapiLibrary::Get().release_name(&minor, &handle_);
}

std::string GssName::text() const {
  GssBytes text;
  std::uint32_t minor = 0;
  const std::uint32_t major = GssapiLibrary::Get().display_name(&minor, handle_, text.out(), nullptr);
  if (IsGssError(major)) throw GssError(major, minor, "gss_display_name");
  const Bytes bytes = text.bytes();
  return std::string(bytes.begin(), bytes.end());
}

GssBytes::~GssBytes() {
  std::uint32_t minor = 0;
  if (buffer_.value != nullptr) GssapiLibrary::Get().release_buffer(&minor, &buffer_);
}

Bytes GssBytes::bytes() const {
  const auto* const first = static_cast<const unsigned char*>(buffer_.value);
  return first == nullptr ? Bytes() : Bytes(first, first + buffer_.length);
}

MemoryCache::MemoryCache() : name_(NewCacheName()) {}

MemoryCache::~MemoryCache() {
  if (!used_) return;
  const GssapiLibrary& library = GssapiLibrary::Get();
  Krb5ContextHandle context = nullptr;
  if (library.krb5_init_context(&context) != 0) return;
  Krb5CacheHandle cache = nullptr;
  if (library.krb5_cc_resolve(context, name_.c_str(), &cache) == 0) library.krb5_cc_destroy(context, cache);
  library.krb5_free_context(context);
}

GssCredential::GssCredential(GssCredentialHandle handle) : handle_(handle) {
  const GssapiLibrary& gss = GssapiLibrary::Get();
  GssName name;
  std::uint32_t minor = 0;
  try {
    const std::uint32_t major =
        gss.inquire_cred_by_mech(&minor, handle_, &kKrb5Mechanism, name.out(), nullptr, nullptr, nullptr);
    if (IsGssError(major)) throw GssError(major, minor, "gss_inquire_cred_by_mech");
    principal_ = name.text();
    constrained_ = HasImpersonator(gss, handle_);
  } catch (...) {
    gss.release_cred(&minor, &handle_);
    throw;
  }
}

GssCredential::~GssCredential() {
  std::uint32_t minor = 0;
  GssapiLibrary::Get().release_cred(&minor, &handle_);
}

GssCredentialRef AcquireByKeytab(const std::string& keytab, const std::string& principal,
                                 const MemoryCache& cache) {
  try {
    return Acquire(principal, {{"client_keytab", keytab.c_str()}, {"ccache", cache.name().c_str()}});
  } catch (const Error& error) {
    // The library names the empty cache if it cannot read the keytab.
    throw Error(error.code(), error.number(), error.syscall(),
                std::string(error.what()) + ". The tickets of this service come from the keytab " + keytab);
  }
}

GssCredentialRef AcquireDefault() { return Acquire("", {}); }

GssCredentialRef AcquireByTransition(const GssCredential& service, const std::string& principal) {
  const GssName name(principal, kPrincipalName);
  GssCredentialHandle handle = nullptr;
  std::uint32_t minor = 0;
  const std::uint32_t major = GssapiLibrary::Get().acquire_cred_impersonate_name(
      &minor, service.get(), name.get(), kGssIndefinite, &kerberosOnly, kGssInitiate, &handle, nullptr,
      nullptr);
  if (IsGssError(major)) throw GssError(major, minor, "gss_acquire_cred_impersonate_name");
  return std::make_shared<GssCredential>(handle);
}

}  // namespace impersonate::linux_port
