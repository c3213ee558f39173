#include "core/port.h"

#include "core/error.h"
#include "core/fatal.h"

namespace impersonate::port {
namespace {

[[noreturn]] void Unsupported() {
  throw Error("ERR_UNSUPPORTED_PLATFORM", "Impersonation is not supported on this platform");
}

}  // namespace

struct Captured {};

void CapturedDelete::operator()(Captured* captured) const noexcept { delete captured; }

const char* Name() noexcept { return "unsupported"; }
bool IsSecureExecution() noexcept { return false; }
void ClaimProcess() {}
void Init(unsigned) {}
void InitThread() {}
void AtThreadEnd(void (*)(void*), void*) {}

TokenRef ProcessToken() { Unsupported(); }
TokenRef ThreadToken() { Unsupported(); }
TokenRef AnonymousToken() { Unsupported(); }
TokenRef TokenForUser(const std::string&, UserSource, bool) { Unsupported(); }
TokenRef TokenForIds(std::uint32_t, std::uint32_t, const std::vector<std::uint32_t>&) { Unsupported(); }
TokenRef TokenFromHandle(std::uint64_t, bool) { Unsupported(); }
TokenRef Restrict(const Token&, const Restrictions&) { Unsupported(); }
TokenRef Duplicate(const Token&, Level) { Unsupported(); }
Description Describe(const Token&) { Unsupported(); }
bool Equal(const Token&, const Token&) { Unsupported(); }
std::optional<Account> LookupAccount(const Principal&) { Unsupported(); }

CapturedPtr NewCaptured() { return CapturedPtr(new Captured); }
void Capture(Captured&) { Unsupported(); }
void Apply(Captured&, const Token*, const Token&) { Unsupported(); }
void Restore(Captured&) noexcept { Abort("restore on an unsupported platform"); }
void RestoreForNow(Captured&) noexcept { Abort("restore on an unsupported platform"); }
void Forget(Captured&) noexcept {}

struct JobScope::State {};
JobScope::JobScope(const Token&) { Unsupported(); }
JobScope::~JobScope() = default;
std::optional<int> AccessAsUser(const char*, int) noexcept { return std::nullopt; }
GuardedPath::GuardedPath(const std::string& path, Last) : path_(path) {}
GuardedPath::GuardedPath(const std::string& path, int, int) : path_(path) {}
GuardedPath::~GuardedPath() = default;

CredentialChange::CredentialChange() = default;
CredentialChange::~CredentialChange() = default;

}  // namespace impersonate::port
