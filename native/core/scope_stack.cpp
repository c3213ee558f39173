#include "core/scope_stack.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "core/error.h"

namespace impersonate {

ScopeStack& ScopeStack::OfThread() {
  thread_local ScopeStack* stack = nullptr;
  if (!stack) {
    std::unique_ptr<ScopeStack, void (*)(void*)> created(new ScopeStack, &ScopeStack::Destroy);
    port::AtThreadEnd(&ScopeStack::Destroy, created.get());
    stack = created.release();
  }
  return *stack;
}

ScopeStack::ScopeStack() : captured_(port::NewCaptured()) { frames_.reserve(8); }

ScopeStack::~ScopeStack() { End(); }

void ScopeStack::Destroy(void* stack) { delete static_cast<ScopeStack*>(stack); }

ScopeStack::ScopeId ScopeStack::NextScope() noexcept {
  const ScopeId scope = next_scope_;
  next_scope_ = scope == UINT32_MAX ? 1 : scope + 1;
  return scope;
}

void ScopeStack::ShareState(ScopeState* state) {
  states_.push_back(state);
  Publish();
}

void ScopeStack::UnshareState(const ScopeState* state) noexcept {
  states_.erase(std::remove(states_.begin(), states_.end(), state), states_.end());
}

void ScopeStack::ForgetTokenId(std::int32_t token_id) noexcept {
  for (Frame& frame : frames_) {
    if (frame.token_id == token_id) frame.token_id = ScopeState::kNoId;
  }
  Publish();
}

void ScopeStack::Publish() noexcept {
  const std::int32_t token_id = frames_.empty() ? 0 : frames_.back().token_id;
  const auto depth = static_cast<std::int32_t>(frames_.size());
  for (ScopeState* state : states_) *state = {token_id, depth, held_};
}

void ScopeStack::Push(std::int32_t token_id, TokenRef token, Hold hold) {
  frames_.push_back({NextScope(), token_id, std::move(token), hold, held_});
  if (hold == Hold::kYes) held_ = static_cast<std::int32_t>(frames_.size());
  Publish();
}

void ScopeStack::Pop(std::size_t index) noexcept {
  if (frames_[index].hold == Hold::kYes) held_ = frames_[index].held_before;
  held_ = std::min(held_, static_cast<std::int32_t>(index));
  frames_.resize(index);
  Publish();
}

ScopeStack::ScopeId ScopeStack::Enter(std::int32_t token_id, TokenRef token, Hold hold) {
  RequireLevelForWork(*token);
  const bool outermost = frames_.empty() && !pinned_;
  const TokenRef current = EffectiveToken();
  // Before the switch: nothing may throw after it.
  Push(token_id, std::move(token), hold);
  const Frame& frame = frames_.back();
  try {
    if (outermost) port::Capture(*captured_);
    if (current != frame.token) port::Apply(*captured_, current.get(), *frame.token);
  } catch (...) {
    if (outermost) port::Forget(*captured_);
    Pop(frames_.size() - 1);
    throw;
  }
  return frame.scope;
}

ScopeStack::ScopeId ScopeStack::EnterBaseline() {
  if (frames_.empty() && !pinned_) return 0;
  const TokenRef current = EffectiveToken();
  Push(0, nullptr, Hold::kYes);
  if (current) port::RestoreTemporarily(*captured_);
  return frames_.back().scope;
}

ScopeStack::LeaveResult ScopeStack::Leave(ScopeId scope) noexcept {
  for (std::size_t index = frames_.size(); index-- > 0;) {
    const Frame& frame = frames_[index];
    if (frame.scope != scope) continue;
    // A held scope is left by the native frame that holds it.
    const std::int32_t held = frame.hold == Hold::kYes ? frame.held_before : held_;
    if (static_cast<std::int32_t>(index) < held) return LeaveResult::kHeld;
    const bool innermost = index + 1 == frames_.size();
    LeaveFrom(index);
    return innermost ? LeaveResult::kInOrder : LeaveResult::kUnwound;
  }
  return LeaveResult::kNotOpen;
}

ScopeStack::LeaveResult ScopeStack::LeaveInside(ScopeId scope) noexcept {
  std::size_t index = frames_.size();
  while (index > 0 && frames_[index - 1].scope != scope) --index;
  if (index == 0 && scope != 0) return LeaveResult::kNotOpen;
  if (index == frames_.size()) return LeaveResult::kInOrder;
  LeaveFrom(index);
  return LeaveResult::kUnwound;
}

bool ScopeStack::IsHeldAs(std::int32_t token_id) const noexcept {
  return !frames_.empty() && frames_.back().hold == Hold::kYes && frames_.back().token_id == token_id;
}

bool ScopeStack::IsOpen(ScopeId scope) const noexcept {
  return std::any_of(frames_.begin(), frames_.end(),
                     [scope](const Frame& frame) { return frame.scope == scope; });
}

std::vector<ScopeStack::Open> ScopeStack::NotHeld() const {
  std::vector<Open> scopes;
  for (const Frame& frame : frames_) {
    if (frame.hold == Hold::kNo) scopes.push_back({frame.scope, frame.token});
  }
  return scopes;
}

std::size_t ScopeStack::LeaveAll() noexcept {
  const std::size_t depth = frames_.size();
  if (depth != 0) LeaveFrom(0);
  return depth;
}

void ScopeStack::Pin(TokenRef token) {
  RequireLevelForWork(*token);
  if (!frames_.empty() || pinned_) {
    throw Error("ERR_SCOPE_ACTIVE",
                "A thread can be given a token for its whole life once, outside of every scope");
  }
  try {
    port::Capture(*captured_);
    port::Apply(*captured_, nullptr, *token);
  } catch (...) {
    port::Forget(*captured_);
    throw;
  }
  pinned_ = std::move(token);
}

void ScopeStack::End() noexcept {
  LeaveAll();
  if (!pinned_) return;
  port::Restore(*captured_);
  pinned_ = nullptr;
}

void ScopeStack::LeaveFrom(std::size_t index) noexcept {
  const TokenRef current = std::move(frames_.back().token);
  if (index == 0 && !pinned_) {
    port::Restore(*captured_);
  } else {
    RestoreEnclosing(current.get(), index == 0 ? pinned_.get() : frames_[index - 1].token.get());
  }
  Pop(index);
}

void ScopeStack::RestoreEnclosing(const Token* current, const Token* enclosing) noexcept {
  if (current == enclosing) return;
  if (!enclosing) return port::RestoreTemporarily(*captured_);
  try {
    port::Apply(*captured_, current, *enclosing);
  } catch (const std::exception& error) {
    Abort(std::string("cannot restore the identity of the enclosing scope: ") + error.what());
  }
}

}  // namespace impersonate
