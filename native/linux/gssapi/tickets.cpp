#include "core/port/tickets.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/scope_stack.h"
#include "linux/errno_error.h"
#include "linux/gssapi/credential.h"
#include "linux/gssapi/gssapi_library.h"
#include "linux/gssapi/initiator.h"
#include "linux/token/linux_token.h"

namespace impersonate::port {
namespace {

using linux_port::GssapiLibrary;
using linux_port::GssBuffer;
using linux_port::GssBytes;
using linux_port::GssCredential;
using linux_port::GssName;
using linux_port::Krb5CacheHandle;
using linux_port::Krb5ContextHandle;
using linux_port::Krb5PrincipalHandle;
using linux_port::Krb5Ticket;
using linux_port::LinuxToken;
using linux_port::MemoryCache;

void Require(std::int32_t status, const char* syscall) {
  if (status != 0) throw linux_port::Krb5Error(status, syscall);
}

class Krb5Context final {
 public:
  Krb5Context() { Require(GssapiLibrary::Get().krb5_init_context(&handle_), "krb5_init_context"); }
  ~Krb5Context() { GssapiLibrary::Get().krb5_free_context(handle_); }
  Krb5Context(const Krb5Context&) = delete;
  Krb5Context& operator=(const Krb5Context&) = delete;

  Krb5ContextHandle get() const noexcept { return handle_; }

 private:
  Krb5ContextHandle handle_ = nullptr;
};

// An open cache of tickets.
class Krb5Cache final {
 public:
  Krb5Cache(const Krb5Context& context, const std::string& name) : context_(context) {
    Require(GssapiLibrary::Get().krb5_cc_resolve(context_.get(), name.c_str(), &handle_), "krb5_cc_resolve");
  }
  ~Krb5Cache() { GssapiLibrary::Get().krb5_cc_close(context_.get(), handle_); }
  Krb5Cache(const Krb5Cache&) = delete;
  Krb5Cache& operator=(const Krb5Cache&) = delete;

  Krb5CacheHandle get() const noexcept { return handle_; }

  // Empties this cache, for the principal of the other one.
  void InitializeLike(const Krb5Cache& other) const {
    const GssapiLibrary& library = GssapiLibrary::Get();
    Krb5PrincipalHandle principal = nullptr;
    Require(library.krb5_cc_get_principal(context_.get(), other.get(), &principal), "krb5_cc_get_principal");
    const std::int32_t status = library.krb5_cc_initialize(context_.get(), handle_, principal);
    library.krb5_free_principal(context_.get(), principal);
    Require(status, "krb5_cc_initialize");
  }

 private:
  const Krb5Context& context_;
  Krb5CacheHandle handle_ = nullptr;
};

class MemoryTickets final : public Tickets {
 public:
  const MemoryCache& cache() const noexcept { return cache_; }

 private:
  MemoryCache cache_;
};

void Store(const GssCredential& credential, const MemoryCache& cache) {
  linux_port::GssStoreElement element{"ccache", cache.name().c_str()};
  const linux_port::GssStore store{1, &element};
  std::uint32_t minor = 0;
  const std::uint32_t major =
      GssapiLibrary::Get().store_cred_into(&minor, credential.get(), linux_port::kGssInitiate,
                                           &linux_port::kKrb5Mechanism, 1, 1, &store, nullptr, nullptr);
  if (linux_port::IsGssError(major)) throw linux_port::GssError(major, minor, "gss_store_cred_into");
}

std::string WithoutRealm(const std::string& principal) { return principal.substr(0, principal.find('@')); }

// "cifs/host" of the service, as the library writes it in tickets.
std::string PrincipalOf(const GssName& service) {
  GssName canonical;
  std::uint32_t minor = 0;
  const std::uint32_t major = GssapiLibrary::Get().canonicalize_name(
      &minor, service.get(), &linux_port::kKrb5Mechanism, canonical.out());
  if (linux_port::IsGssError(major)) throw linux_port::GssError(major, minor, "gss_canonicalize_name");
  return WithoutRealm(canonical.text());
}

// Has the KDC issue the ticket into the credential's cache: the first message of a handshake, which is
// discarded.
void ObtainTicket(const GssCredential& credential, const GssName& service) {
  const GssapiLibrary& gss = GssapiLibrary::Get();
  linux_port::GssContextHandle context = nullptr;
  GssBytes output;
  std::uint32_t minor = 0, ignored = 0;
  const std::uint32_t major = gss.init_sec_context(&minor, credential.get(), &context, service.get(),
                                                   &linux_port::kKrb5Mechanism, linux_port::kGssMutual, 0,
                                                   nullptr, nullptr, nullptr, output.out(), nullptr, nullptr);
  if (context != nullptr) gss.delete_sec_context(&ignored, &context, nullptr);
  if (linux_port::IsGssError(major)) throw linux_port::GssError(major, minor, "gss_init_sec_context");
}

std::string Unparse(const Krb5Context& context, Krb5PrincipalHandle principal) {
  const GssapiLibrary& library = GssapiLibrary::Get();
  char* text = nullptr;
  Require(library.krb5_unparse_name(context.get(), principal, &text), "krb5_unparse_name");
  std::string result(text);
  library.krb5_free_unparsed_name(context.get(), text);
  return result;
}

// Stores a ticket under the requested name, by which MIT's programs look for it, and under the name that the
// KDC has given it, by which Heimdal's do: the requested one may have no realm.
std::int32_t StoreTicket(const Krb5Context& context, const Krb5Cache& to, Krb5Ticket& ticket) {
  const GssapiLibrary& library = GssapiLibrary::Get();
  std::int32_t status = library.krb5_cc_store_cred(context.get(), to.get(), &ticket);
  linux_port::Krb5DecodedTicket* decoded = nullptr;
  if (status == 0) status = library.krb5_decode_ticket(&ticket.encoded, &decoded);
  if (status != 0) return status;
  const auto free = [&](linux_port::Krb5DecodedTicket* made) {
    library.krb5_free_ticket(context.get(), made);
  };
  const std::unique_ptr<linux_port::Krb5DecodedTicket, decltype(free)> owned(decoded, free);
  if (Unparse(context, decoded->server) == Unparse(context, ticket.server)) return status;
  std::swap(ticket.server, decoded->server);
  status = library.krb5_cc_store_cred(context.get(), to.get(), &ticket);
  std::swap(ticket.server, decoded->server);
  return status;
}

// Copies the user's ticket for that service, and nothing else: the cache of a constrained credential also has
// the ticket-granting ticket of this service.
void CopyTicket(const Krb5Context& context, const Krb5Cache& from, const Krb5Cache& to,
                const std::string& client, const std::string& service) {
  const GssapiLibrary& library = GssapiLibrary::Get();
  void* cursor = nullptr;
  Require(library.krb5_cc_start_seq_get(context.get(), from.get(), &cursor), "krb5_cc_start_seq_get");
  std::int32_t stored = 0;
  bool found = false;
  Krb5Ticket ticket;
  while (!found && library.krb5_cc_next_cred(context.get(), from.get(), &cursor, &ticket) == 0) {
    found = ticket.client != nullptr && ticket.server != nullptr &&
            Unparse(context, ticket.client) == client &&
            WithoutRealm(Unparse(context, ticket.server)) == service;
    if (found) stored = StoreTicket(context, to, ticket);
    library.krb5_free_cred_contents(context.get(), &ticket);
  }
  library.krb5_cc_end_seq_get(context.get(), from.get(), &cursor);
  Require(stored, "krb5_cc_store_cred");
  if (!found) throw Error("ERR_NOT_DELEGATED", "The KDC has issued no ticket for " + service);
}

// A folder and a file of the token's user.
class UserTicketFile final : public TicketFile {
 public:
  UserTicketFile(TokenRef token, const MemoryTickets& tickets);
  ~UserTicketFile() override { Remove(); }

 private:
  void Write(const Krb5Context& context, const Krb5Cache& from);
  void Remove() noexcept;

  TokenRef token_;
  std::string folder_, file_;
};

UserTicketFile::UserTicketFile(TokenRef token, const MemoryTickets& tickets) : token_(std::move(token)) {
  const Krb5Context context;
  const Krb5Cache from(context, tickets.cache().name());
  try {
    const TokenScope as_user(token_);
    Write(context, from);
  } catch (...) {
    Remove();
    throw;
  }
}

void UserTicketFile::Write(const Krb5Context& context, const Krb5Cache& from) {
  std::string folder = "/tmp/impersonate-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) throw linux_port::ErrnoError(errno, "mkdtemp");
  folder_ = folder;
  file_ = folder + "/tickets";
  name_ = "FILE:" + file_;
  const Krb5Cache to(context, name_);
  to.InitializeLike(from);
  Require(GssapiLibrary::Get().krb5_cc_copy_creds(context.get(), from.get(), to.get()), "krb5_cc_copy_creds");
}

// As the user, who may have put anything in their place.
void UserTicketFile::Remove() noexcept {
  if (folder_.empty()) return;
  try {
    const TokenScope as_user(token_);
    ::unlink(file_.c_str());
    ::rmdir(folder_.c_str());
  } catch (const Error&) {
    // The identity can no longer be assumed; the file is the user's own.
  }
}

}  // namespace

std::shared_ptr<Tickets> ForwardedTickets(const Token& token) {
  const auto& credential = LinuxToken::From(token).credential();
  if (!credential) throw linux_port::NotDelegated("the client has forwarded no ticket");
  if (credential->is_constrained()) {
    throw linux_port::NotDelegated(
        "its credential holds tickets of this service, which a program of the user must not get; name the "
        "services with NegotiateClient.tickets()");
  }
  auto tickets = std::make_shared<MemoryTickets>();
  Store(*credential, tickets->cache());
  return tickets;
}

std::shared_ptr<Tickets> ServiceTickets(Initiator& initiator, const TokenRef& token, const std::string& user,
                                        const std::vector<std::string>& targets) {
  const auto credential =
      static_cast<linux_port::GssInitiator&>(initiator).CredentialOf(LinuxToken::From(*token), user);
  std::vector<std::string> services;
  for (const std::string& target : targets) {
    const auto service = linux_port::ServiceName(target);
    ObtainTicket(*credential, *service);
    services.push_back(PrincipalOf(*service));
  }
  const MemoryCache all;
  Store(*credential, all);
  auto tickets = std::make_shared<MemoryTickets>();
  const Krb5Context context;
  const Krb5Cache from(context, all.name());
  const Krb5Cache to(context, tickets->cache().name());
  to.InitializeLike(from);
  for (const std::string& service : services) CopyTicket(context, from, to, credential->principal(), service);
  return tickets;
}

std::unique_ptr<TicketFile> WriteTickets(const TokenRef& token, const Tickets& tickets) {
  return std::make_unique<UserTicketFile>(token, static_cast<const MemoryTickets&>(tickets));
}

}  // namespace impersonate::port
