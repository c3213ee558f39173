#include "core/error.h"
#include "core/port/com.h"
#include "core/port/diagnosis.h"
#include "core/port/initiate.h"
#include "core/port/logon.h"
#include "core/port/negotiate.h"
#include "core/port/path.h"
#include "core/port/peer.h"
#include "core/port/process.h"
#include "core/port/profile.h"
#include "core/port/program.h"
#include "core/port/thread.h"
#include "core/port/tickets.h"
#include "core/port/token.h"

namespace impersonate::port {
namespace {

[[noreturn]] void Unsupported() {
  throw Error("ERR_UNSUPPORTED_PLATFORM", "Impersonation is not supported on this platform");
}

}  // namespace

const char* Name() noexcept { return "unsupported"; }
std::string OwnPath() { return {}; }
bool IsSecureExecution() noexcept { return false; }
void ClaimProcess() {}
void Init(unsigned) {}
CredentialChange::CredentialChange() = default;
CredentialChange::~CredentialChange() = default;
void InitializeComSecurity(const ComSecurity&) { Unsupported(); }
void DropPrivileges(const std::vector<std::string>&) { Unsupported(); }

std::vector<Fact> ProcessFacts() { return {}; }

TokenRef ProcessToken() { Unsupported(); }
TokenRef ThreadToken() { Unsupported(); }
TokenRef AnonymousToken() { Unsupported(); }
TokenRef TokenForIds(std::uint32_t, std::uint32_t, const std::vector<std::uint32_t>&) { Unsupported(); }
TokenRef TokenFromHandle(std::uint64_t, bool) { Unsupported(); }
TokenRef Restrict(const Token&, const Restrictions&) { Unsupported(); }
TokenRef Duplicate(const Token&, Level) { Unsupported(); }
TokenRef LinkedToken(const Token&) { Unsupported(); }
TokenRef WithPrivileges(const Token&, const std::vector<std::string>&) { Unsupported(); }
Description Describe(const Token&) { Unsupported(); }
bool Equal(const Token&, const Token&) { Unsupported(); }
std::string Fingerprint(const Token&) { Unsupported(); }
bool CheckAccess(const Token&, const AccessTarget&, std::uint32_t) { Unsupported(); }
std::optional<Account> LookupAccount(const Principal&) { Unsupported(); }

TokenRef TokenForLogon(const Logon&) { Unsupported(); }
TokenRef TokenForUser(const std::string&, UserSource, bool) { Unsupported(); }

void InitThread() {}
void AtThreadEnd(void (*)(void*), void*) {}

struct Captured {};
void CapturedDelete::operator()(Captured* captured) const noexcept { delete captured; }
CapturedPtr NewCaptured() { return CapturedPtr(new Captured); }
void Capture(Captured&) { Unsupported(); }
void Apply(Captured&, const Token*, const Token&) { Unsupported(); }
void Restore(Captured&) noexcept { Abort("restore on an unsupported platform"); }
void RestoreTemporarily(Captured&) noexcept { Abort("restore on an unsupported platform"); }
void Forget(Captured&) noexcept {}

std::thread StartThread(std::function<void()>) { Unsupported(); }

struct UserThread::State {};
UserThread::UserThread() noexcept : state_(nullptr) {}
UserThread::~UserThread() = default;
const Token* UserThread::token() const noexcept { return nullptr; }
void UserThread::Become(const TokenRef&) { Unsupported(); }
void UserThread::Check() const noexcept {}
void UserThread::Revert() noexcept {}
void UserThread::CancelCall() const noexcept {}

std::optional<int> AccessAsUser(const char*, int) noexcept { return std::nullopt; }
GuardedPath::GuardedPath(const std::string& path, LastComponent) : path_(path) {}
GuardedPath::GuardedPath(const std::string& path, int, int) : path_(path) {}
GuardedPath::~GuardedPath() = default;

std::unique_ptr<Profile> LoadProfile(const TokenRef&) { Unsupported(); }
std::string KnownFolder(const Token&, const std::string&) { Unsupported(); }

void CloseSocket(NativeSocket) noexcept {}
TokenRef TokenOfPeer(NativeSocket) { Unsupported(); }
std::string ServerOf(NativeSocket) { Unsupported(); }
std::unique_ptr<PipeListener> ListenOnPipe(const PipeOptions&) { Unsupported(); }
OwnedSocket ConnectToPipe(const PipeConnection&) { Unsupported(); }

std::unique_ptr<Program> StartProgram(const TokenRef&, const ProgramOptions&) { Unsupported(); }
void RunSessionMonitor() { Unsupported(); }
std::unique_ptr<Program> StartProgramWithLogon(const Logon&, const ProgramOptions&) { Unsupported(); }
std::vector<std::string> LoginEnvironment(const Token&) { Unsupported(); }

std::shared_ptr<ServerCredentials> AcquireServerCredentials(const ServerOptions&) { Unsupported(); }
std::shared_ptr<ServerContext> NewServerContext(std::shared_ptr<ServerCredentials>, Bytes) { Unsupported(); }

std::shared_ptr<Initiator> NewInitiator(const InitiatorOptions&) { Unsupported(); }
std::shared_ptr<InitiatorContext> NewInitiatorContext(std::shared_ptr<Initiator>, TokenRef, InitiatorTarget) {
  Unsupported();
}
Delegation DelegationOf(const Token&) { Unsupported(); }
TokenRef WithCredential(const Token&, std::shared_ptr<DelegatedCredential>) { Unsupported(); }

std::shared_ptr<Tickets> ForwardedTickets(const Token&) { Unsupported(); }
std::shared_ptr<Tickets> ServiceTickets(Initiator&, const TokenRef&, const std::string&,
                                        const std::vector<std::string>&) {
  Unsupported();
}
std::unique_ptr<TicketFile> WriteTickets(const TokenRef&, const Tickets&) { Unsupported(); }

}  // namespace impersonate::port
