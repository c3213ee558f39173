#include "linux/gssapi/gssapi_library.h"

#include <dlfcn.h>

#include <cstring>
#include <iterator>
#include <string>

#include "core/error.h"
#include "linux/errno_error.h"

namespace impersonate::linux_port {
namespace {

// The interface has no const; the library does not write to them.
unsigned char krb5_bytes[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02};
unsigned char service_bytes[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x01, 0x04};
unsigned char principal_bytes[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x01};
unsigned char impersonator_bytes[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x05, 0x0e};

Error Missing() {
  // The text is thread-local.
  const char* const reason = ::dlerror();
  return Error("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM",
               std::string("Integrated Authentication on Linux needs the libraries of MIT Kerberos: install "
                           "libgssapi-krb5-2, or krb5-libs of your distribution (") +
                   (reason != nullptr ? reason : "libgssapi_krb5.so.2") + ")");
}

void* Open(const char* name) {
  void* const library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw Missing();
  return library;
}

template <typename Function>
void Find(void* library, const char* name, Function& function) {
  void* const symbol = ::dlsym(library, name);
  if (symbol == nullptr) throw Missing();
  function = reinterpret_cast<Function>(symbol);
}

GssapiLibrary Load() {
  void* const gss = Open("libgssapi_krb5.so.2");
  void* const krb5 = Open("libkrb5.so.3");
  GssapiLibrary library{};
  Find(gss, "gss_release_buffer", library.release_buffer);
  Find(gss, "gss_release_buffer_set", library.release_buffer_set);
  Find(gss, "gss_import_name", library.import_name);
  Find(gss, "gss_display_name", library.display_name);
  Find(gss, "gss_release_name", library.release_name);
  Find(gss, "gss_display_status", library.display_status);
  Find(gss, "gss_acquire_cred_from", library.acquire_cred_from);
  Find(gss, "gss_acquire_cred_impersonate_name", library.acquire_cred_impersonate_name);
  Find(gss, "gss_inquire_cred_by_mech", library.inquire_cred_by_mech);
  Find(gss, "gss_inquire_cred_by_oid", library.inquire_cred_by_oid);
  Find(gss, "gss_store_cred_into", library.store_cred_into);
  Find(gss, "gss_release_cred", library.release_cred);
  Find(gss, "gss_accept_sec_context", library.accept_sec_context);
  Find(gss, "gss_init_sec_context", library.init_sec_context);
  Find(gss, "gss_inquire_context", library.inquire_context);
  Find(gss, "gss_delete_sec_context", library.delete_sec_context);
  Find(gss, "gss_canonicalize_name", library.canonicalize_name);
  Find(krb5, "krb5_init_context", library.krb5_init_context);
  Find(krb5, "krb5_free_context", library.krb5_free_context);
  Find(krb5, "krb5_cc_resolve", library.krb5_cc_resolve);
  Find(krb5, "krb5_cc_destroy", library.krb5_cc_destroy);
  Find(krb5, "krb5_cc_close", library.krb5_cc_close);
  Find(krb5, "krb5_cc_initialize", library.krb5_cc_initialize);
  Find(krb5, "krb5_cc_copy_creds", library.krb5_cc_copy_creds);
  Find(krb5, "krb5_cc_get_principal", library.krb5_cc_get_principal);
  Find(krb5, "krb5_cc_start_seq_get", library.krb5_cc_start_seq_get);
  Find(krb5, "krb5_cc_next_cred", library.krb5_cc_next_cred);
  Find(krb5, "krb5_cc_end_seq_get", library.krb5_cc_end_seq_get);
  Find(krb5, "krb5_cc_store_cred", library.krb5_cc_store_cred);
  Find(krb5, "krb5_decode_ticket", library.krb5_decode_ticket);
  Find(krb5, "krb5_free_ticket", library.krb5_free_ticket);
  Find(krb5, "krb5_free_cred_contents", library.krb5_free_cred_contents);
  Find(krb5, "krb5_unparse_name", library.krb5_unparse_name);
  Find(krb5, "krb5_free_unparsed_name", library.krb5_free_unparsed_name);
  Find(krb5, "krb5_free_principal", library.krb5_free_principal);
  return library;
}

struct StatusName {
  std::int32_t status;
  const char* code;
};

// Statuses of Kerberos that a client or a server can meet.
constexpr StatusName kStatuses[] = {
    {-1765328383, "KRB5KDC_ERR_NAME_EXP"},
    {-1765328382, "KRB5KDC_ERR_SERVICE_EXP"},
    {-1765328378, "KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN"},
    {-1765328377, "KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN"},
    {-1765328376, "KRB5KDC_ERR_PRINCIPAL_NOT_UNIQUE"},
    {-1765328372, "KRB5KDC_ERR_POLICY"},
    {-1765328371, "KRB5KDC_ERR_BADOPTION"},
    {-1765328370, "KRB5KDC_ERR_ETYPE_NOSUPP"},
    {-1765328366, "KRB5KDC_ERR_CLIENT_REVOKED"},
    {-1765328365, "KRB5KDC_ERR_SERVICE_REVOKED"},
    {-1765328364, "KRB5KDC_ERR_TGT_REVOKED"},
    {-1765328361, "KRB5KDC_ERR_KEY_EXP"},
    {-1765328360, "KRB5KDC_ERR_PREAUTH_FAILED"},
    {-1765328358, "KRB5KDC_ERR_SERVER_NOMATCH"},
    {-1765328355, "KRB5KDC_ERR_SVC_UNAVAILABLE"},
    {-1765328353, "KRB5KRB_AP_ERR_BAD_INTEGRITY"},
    {-1765328352, "KRB5KRB_AP_ERR_TKT_EXPIRED"},
    {-1765328351, "KRB5KRB_AP_ERR_TKT_NYV"},
    {-1765328350, "KRB5KRB_AP_ERR_REPEAT"},
    {-1765328348, "KRB5KRB_AP_ERR_BADMATCH"},
    {-1765328347, "KRB5KRB_AP_ERR_SKEW"},
    {-1765328343, "KRB5KRB_AP_ERR_MODIFIED"},
    {-1765328338, "KRB5KRB_AP_ERR_MUT_FAIL"},
    {-1765328324, "KRB5KRB_ERR_GENERIC"},
    {-1765328316, "KRB5KDC_ERR_WRONG_REALM"},
    {-1765328243, "KRB5_CC_NOTFOUND"},
    {-1765328240, "KRB5KRB_AP_WRONG_PRINC"},
    {-1765328230, "KRB5_REALM_UNKNOWN"},
    {-1765328228, "KRB5_KDC_UNREACH"},
    {-1765328203, "KRB5_KT_NOTFOUND"},
    {-1765328189, "KRB5_FCC_NOFILE"},
    {-1765328164, "KRB5_REALM_CANT_RESOLVE"},
    {-1765328163, "KRB5_TKT_NOT_FORWARDABLE"},
    {-1765328160, "KRB5_CONFIG_NODEFREALM"},
};

// By the number of the routine error, from 1.
constexpr const char* kRoutineErrors[] = {
    "GSS_S_BAD_MECH",
    "GSS_S_BAD_NAME",
    "GSS_S_BAD_NAMETYPE",
    "GSS_S_BAD_BINDINGS",
    "GSS_S_BAD_STATUS",
    "GSS_S_BAD_MIC",
    "GSS_S_NO_CRED",
    "GSS_S_NO_CONTEXT",
    "GSS_S_DEFECTIVE_TOKEN",
    "GSS_S_DEFECTIVE_CREDENTIAL",
    "GSS_S_CREDENTIALS_EXPIRED",
    "GSS_S_CONTEXT_EXPIRED",
    "GSS_S_FAILURE",
    "GSS_S_BAD_QOP",
    "GSS_S_UNAUTHORIZED",
    "GSS_S_UNAVAILABLE",
};

std::string CodeOf(std::uint32_t major, std::uint32_t minor) {
  for (const StatusName& name : kStatuses) {
    if (static_cast<std::uint32_t>(name.status) == minor) return name.code;
  }
  const std::uint32_t routine = (major >> 16) & 0xff;
  if (routine >= 1 && routine <= std::size(kRoutineErrors)) return kRoutineErrors[routine - 1];
  return "GSS_S_FAILURE";
}

constexpr int kMajorStatus = 1;
constexpr int kMinorStatus = 2;

std::string StatusText(std::uint32_t status, int type) {
  const GssapiLibrary& gss = GssapiLibrary::Get();
  std::string text;
  std::uint32_t next = 0, minor = 0;
  do {
    GssBuffer part;
    if (IsGssError(gss.display_status(&minor, status, type, &kKrb5Mechanism, &next, &part))) break;
    if (!text.empty()) text += "; ";
    text.append(static_cast<const char*>(part.value), part.length);
    gss.release_buffer(&minor, &part);
  } while (next != 0);
  return text;
}

}  // namespace

GssOid kKrb5Mechanism{sizeof(krb5_bytes), krb5_bytes};
GssOid kHostBasedService{sizeof(service_bytes), service_bytes};
GssOid kPrincipalName{sizeof(principal_bytes), principal_bytes};
GssOid kGetImpersonator{sizeof(impersonator_bytes), impersonator_bytes};

bool SameOid(const GssOid* a, const GssOid& b) noexcept {
  return a != nullptr && a->length == b.length && std::memcmp(a->elements, b.elements, b.length) == 0;
}

const GssapiLibrary& GssapiLibrary::Get() {
  // One for the process. The initialization of a static makes other threads wait, and is retried by the next
  // one if it throws.
  static const GssapiLibrary library = Load();
  return library;
}

std::string GssText(std::uint32_t major, std::uint32_t minor) {
  const std::string text = minor == 0 ? "" : StatusText(minor, kMinorStatus);
  return text.empty() ? StatusText(major, kMajorStatus) : text;
}

Error Krb5Error(std::int32_t status, const char* syscall) {
  // An errno is a small number.
  if (status > 0 && status < 4096) return ErrnoError(status, syscall);
  const std::string code = CodeOf(0, static_cast<std::uint32_t>(status));
  return Error(code, status, syscall,
               std::string(syscall) + " failed: " + code + ", status " + std::to_string(status));
}

Error GssError(std::uint32_t major, std::uint32_t minor, const char* syscall) {
  const std::string code = CodeOf(major, minor);
  return Error(code, static_cast<std::int32_t>(minor), syscall,
               std::string(syscall) + " failed: " + code + ", " + GssText(major, minor));
}

}  // namespace impersonate::linux_port
