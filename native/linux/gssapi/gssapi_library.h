#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/error.h"

namespace impersonate::linux_port {

// The documented interface of MIT Kerberos (RFC 2744 and its extensions), declared here so that neither the
// build nor the package needs its headers.
struct GssBuffer {
  std::size_t length = 0;
  void* value = nullptr;
};

struct GssOid {
  std::uint32_t length;
  void* elements;
};

struct GssOidSet {
  std::size_t count;
  GssOid* elements;
};

struct GssBufferSet {
  std::size_t count;
  GssBuffer* elements;
};

struct GssStoreElement {
  const char* key;
  const char* value;
};

struct GssStore {
  std::uint32_t count;
  GssStoreElement* elements;
};

struct GssChannelBindings {
  std::uint32_t initiator_address_type = 0;
  GssBuffer initiator_address;
  std::uint32_t acceptor_address_type = 0;
  GssBuffer acceptor_address;
  GssBuffer application_data;
};

struct GssNameBody;
struct GssCredentialBody;
struct GssContextBody;
struct Krb5ContextBody;
struct Krb5CacheBody;
struct Krb5PrincipalBody;
using GssNameHandle = GssNameBody*;
using GssCredentialHandle = GssCredentialBody*;
using GssContextHandle = GssContextBody*;
using Krb5ContextHandle = Krb5ContextBody*;
using Krb5CacheHandle = Krb5CacheBody*;
using Krb5PrincipalHandle = Krb5PrincipalBody*;

// A krb5_data.
struct Krb5Data {
  std::int32_t magic = 0;
  std::uint32_t length = 0;
  char* data = nullptr;
};

// A krb5_creds, up to the encoded ticket.
struct Krb5Ticket {
  std::int32_t magic = 0;
  Krb5PrincipalHandle client = nullptr, server = nullptr;
  // The key, times and flags, and addresses.
  alignas(void*) unsigned char key[24] = {};
  unsigned char times[24] = {};
  void* addresses = nullptr;
  Krb5Data encoded;
  // The rest, and more: the library writes 120 bytes in all.
  alignas(void*) unsigned char rest[176] = {};
};
static_assert(offsetof(Krb5Ticket, encoded) == 80);

// The beginning of a krb5_ticket.
struct Krb5DecodedTicket {
  std::int32_t magic;
  Krb5PrincipalHandle server;
};

// Results.
constexpr std::uint32_t kGssComplete = 0;
constexpr std::uint32_t kGssContinueNeeded = 1;
constexpr bool IsGssError(std::uint32_t major) { return (major & 0xffff0000u) != 0; }
// Routine errors.
constexpr std::uint32_t kGssNoCredential = 7u << 16;

// Flags of a context.
constexpr std::uint32_t kGssDelegate = 1;
constexpr std::uint32_t kGssMutual = 2;
constexpr std::uint32_t kGssReplay = 4;
constexpr std::uint32_t kGssSequence = 8;
constexpr std::uint32_t kGssIntegrity = 32;
constexpr std::uint32_t kGssChannelBound = 2048;

// What a credential is for.
constexpr int kGssBoth = 0;
constexpr int kGssInitiate = 1;
constexpr int kGssAccept = 2;

constexpr std::uint32_t kGssIndefinite = 0xffffffffu;

// The mechanisms and the types of names.
extern GssOid kKrb5Mechanism;
extern GssOid kHostBasedService;
extern GssOid kPrincipalName;
extern GssOid kGetImpersonator;

bool SameOid(const GssOid* a, const GssOid& b) noexcept;

struct GssapiLibrary {
  std::uint32_t (*release_buffer)(std::uint32_t*, GssBuffer*);
  std::uint32_t (*release_buffer_set)(std::uint32_t*, GssBufferSet**);
  std::uint32_t (*import_name)(std::uint32_t*, GssBuffer*, GssOid*, GssNameHandle*);
  std::uint32_t (*display_name)(std::uint32_t*, GssNameHandle, GssBuffer*, GssOid**);
  std::uint32_t (*release_name)(std::uint32_t*, GssNameHandle*);
  std::uint32_t (*display_status)(std::uint32_t*, std::uint32_t, int, GssOid*, std::uint32_t*, GssBuffer*);
  std::uint32_t (*acquire_cred_from)(std::uint32_t*, GssNameHandle, std::uint32_t, GssOidSet*, int,
                                     const GssStore*, GssCredentialHandle*, GssOidSet**, std::uint32_t*);
  std::uint32_t (*acquire_cred_impersonate_name)(std::uint32_t*, GssCredentialHandle, GssNameHandle,
                                                 std::uint32_t, GssOidSet*, int, GssCredentialHandle*,
                                                 GssOidSet**, std::uint32_t*);
  std::uint32_t (*inquire_cred_by_mech)(std::uint32_t*, GssCredentialHandle, GssOid*, GssNameHandle*,
                                        std::uint32_t*, std::uint32_t*, int*);
  std::uint32_t (*inquire_cred_by_oid)(std::uint32_t*, GssCredentialHandle, GssOid*, GssBufferSet**);
  std::uint32_t (*store_cred_into)(std::uint32_t*, GssCredentialHandle, int, GssOid*, std::uint32_t,
                                   std::uint32_t, const GssStore*, GssOidSet**, int*);
  std::uint32_t (*release_cred)(std::uint32_t*, GssCredentialHandle*);
  std::uint32_t (*accept_sec_context)(std::uint32_t*, GssContextHandle*, GssCredentialHandle, GssBuffer*,
                                      GssChannelBindings*, GssNameHandle*, GssOid**, GssBuffer*,
                                      std::uint32_t*, std::uint32_t*, GssCredentialHandle*);
  std::uint32_t (*init_sec_context)(std::uint32_t*, GssCredentialHandle, GssContextHandle*, GssNameHandle,
                                    GssOid*, std::uint32_t, std::uint32_t, GssChannelBindings*, GssBuffer*,
                                    GssOid**, GssBuffer*, std::uint32_t*, std::uint32_t*);
  std::uint32_t (*inquire_context)(std::uint32_t*, GssContextHandle, GssNameHandle*, GssNameHandle*,
                                   std::uint32_t*, GssOid**, std::uint32_t*, int*, int*);
  std::uint32_t (*delete_sec_context)(std::uint32_t*, GssContextHandle*, GssBuffer*);

  std::uint32_t (*canonicalize_name)(std::uint32_t*, GssNameHandle, GssOid*, GssNameHandle*);

  std::int32_t (*krb5_init_context)(Krb5ContextHandle*);
  void (*krb5_free_context)(Krb5ContextHandle);
  std::int32_t (*krb5_cc_resolve)(Krb5ContextHandle, const char*, Krb5CacheHandle*);
  std::int32_t (*krb5_cc_destroy)(Krb5ContextHandle, Krb5CacheHandle);
  std::int32_t (*krb5_cc_close)(Krb5ContextHandle, Krb5CacheHandle);
  std::int32_t (*krb5_cc_initialize)(Krb5ContextHandle, Krb5CacheHandle, Krb5PrincipalHandle);
  std::int32_t (*krb5_cc_copy_creds)(Krb5ContextHandle, Krb5CacheHandle, Krb5CacheHandle);
  std::int32_t (*krb5_cc_get_principal)(Krb5ContextHandle, Krb5CacheHandle, Krb5PrincipalHandle*);
  std::int32_t (*krb5_cc_start_seq_get)(Krb5ContextHandle, Krb5CacheHandle, void**);
  std::int32_t (*krb5_cc_next_cred)(Krb5ContextHandle, Krb5CacheHandle, void**, Krb5Ticket*);
  std::int32_t (*krb5_cc_end_seq_get)(Krb5ContextHandle, Krb5CacheHandle, void**);
  std::int32_t (*krb5_cc_store_cred)(Krb5ContextHandle, Krb5CacheHandle, Krb5Ticket*);
  std::int32_t (*krb5_decode_ticket)(const Krb5Data*, Krb5DecodedTicket**);
  void (*krb5_free_ticket)(Krb5ContextHandle, Krb5DecodedTicket*);
  void (*krb5_free_cred_contents)(Krb5ContextHandle, Krb5Ticket*);
  std::int32_t (*krb5_unparse_name)(Krb5ContextHandle, Krb5PrincipalHandle, char**);
  void (*krb5_free_unparsed_name)(Krb5ContextHandle, char*);
  void (*krb5_free_principal)(Krb5ContextHandle, Krb5PrincipalHandle);

  // The system's libgssapi_krb5.so.2 and libkrb5.so.3, loaded by the first call and never unloaded. Throws
  // ERR_FEATURE_UNAVAILABLE_ON_PLATFORM if they are missing; the next call tries again.
  static const GssapiLibrary& Get();
};

// The failure of `syscall` of the mechanism Kerberos: the name of the Kerberos status as code
// ("KRB5KDC_ERR_BADOPTION"), or of the routine error ("GSS_S_NO_CRED"), and the status as number.
Error GssError(std::uint32_t major, std::uint32_t minor, const char* syscall);
// The failure of `syscall` of libkrb5 with a Kerberos status, or an errno.
Error Krb5Error(std::int32_t status, const char* syscall);
// What the library says about a failure of Kerberos, for a message.
std::string GssText(std::uint32_t major, std::uint32_t minor);

}  // namespace impersonate::linux_port
