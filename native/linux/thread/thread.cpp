#include <exception>
#include <shared_mutex>
#include <string>

#include "core/fatal.h"
#include "core/port.h"
#include "linux/credentials/scope_gate.h"
#include "linux/thread/known_credentials.h"
#include "linux/thread/switch.h"
#include "linux/token/linux_token.h"

namespace impersonate::port {

struct Captured {
  linux_port::KnownCredentials known;
  linux_port::CapabilitiesBy capabilities = linux_port::CapabilitiesBy::kUs;
  // Keeps the process's own credentials as they are while the thread is inside a scope.
  std::shared_lock<std::shared_mutex> gate{linux_port::ScopeGate(), std::defer_lock};
};

void CapturedDelete::operator()(Captured* captured) const noexcept { delete captured; }

CapturedPtr NewCaptured() { return CapturedPtr(new Captured); }

void Capture(Captured& captured) {
  captured.gate.lock();
  if (!captured.known.AreStillRight()) captured.known.Read();
}

void RestoreForNow(Captured& captured) noexcept {
  linux_port::SwitchBack(captured.known.get(), captured.capabilities);
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
  captured.capabilities = linux_port::SwitchTo(captured.known.get(), linux_port::LinuxToken::From(token));
}

void Reenter(Captured& captured, const Token& token) noexcept {
  try {
    SwitchTo(captured, token);
  } catch (const std::exception& error) {
    Abort(std::string("cannot return to the enclosing scope: ") + error.what());
  }
}

// From one user to another the way leads over the captured identity, which has the right to switch, or over
// that right alone: everything else is about to be set anyway.
void SwitchFrom(const Token* current, Captured& captured, const Token& token) {
  const linux_port::Credentials& base = captured.known.get();
  if (current && linux_port::CanSwitchOver(base, captured.capabilities)) {
    captured.capabilities = linux_port::SwitchOver(base, linux_port::LinuxToken::From(token));
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
