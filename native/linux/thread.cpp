#include <cstdint>
#include <exception>
#include <optional>
#include <shared_mutex>
#include <string>

#include "core/fatal.h"
#include "core/port.h"
#include "linux/credentials.h"
#include "linux/scope_gate.h"
#include "linux/switch.h"
#include "linux/token.h"

namespace impersonate::port {

struct Captured {
  linux_port::Credentials base;
  // The number of CredentialChanges() that `base` was read under; none if it was not.
  std::optional<std::uint64_t> read_under;
  linux_port::CapabilitiesBy capabilities = linux_port::CapabilitiesBy::kUs;
  // Keeps the process's own credentials as they are while the thread is inside a scope.
  std::shared_lock<std::shared_mutex> gate{linux_port::ScopeGate(), std::defer_lock};
};

void CapturedDelete::operator()(Captured* captured) const noexcept { delete captured; }

CapturedPtr NewCaptured() { return CapturedPtr(new Captured); }

void Capture(Captured& captured) {
  captured.gate.lock();
  const std::uint64_t changes = linux_port::CredentialChanges();
  if (captured.read_under == changes && linux_port::StillHas(captured.base)) return;
  captured.read_under.reset();
  linux_port::ReadCredentials(captured.base);
  captured.read_under = changes;
}

void RestoreForNow(Captured& captured) noexcept {
  linux_port::SwitchBack(captured.base, captured.capabilities);
}

void Restore(Captured& captured) noexcept {
  RestoreForNow(captured);
  Forget(captured);
}

void Forget(Captured& captured) noexcept {
  if (captured.gate.owns_lock()) captured.gate.unlock();
}

namespace {

void SwitchTo(Captured& captured, const Token& token) {
  captured.capabilities = linux_port::SwitchTo(captured.base, linux_port::LinuxToken::From(token));
}

void Reenter(Captured& captured, const Token& token) noexcept {
  try {
    SwitchTo(captured, token);
  } catch (const std::exception& error) {
    Abort(std::string("cannot return to the enclosing scope: ") + error.what());
  }
}

// From one user to another the way leads over the captured identity, which has the right to switch, or for
// root's thread over its uid alone: everything else is about to be set anyway.
void SwitchFrom(const Token* current, Captured& captured, const Token& token) {
  if (current && captured.capabilities == linux_port::CapabilitiesBy::kKernel) {
    captured.capabilities = linux_port::SwitchOver(captured.base, linux_port::LinuxToken::From(token));
    return;
  }
  if (current) RestoreForNow(captured);
  SwitchTo(captured, token);
}

}  // namespace

void Apply(Captured& captured, const Token* current, const Token& token) {
  try {
    SwitchFrom(current, captured, token);
  } catch (...) {
    if (current) Reenter(captured, *current);
    throw;
  }
}

}  // namespace impersonate::port
