#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/port/thread.h"
#include "core/token.h"

namespace impersonate {

// The state of a thread's scopes, which JavaScript reads as an Int32Array without a call. The order of the
// members matters.
struct ScopeState {
  // The id with which the innermost scope was entered: 0 outside every scope and in a baseline scope, kNoId
  // if that id has been closed since.
  std::int32_t token_id = 0;
  std::int32_t depth = 0;
  // The number of outermost scopes that cannot be left, because native frames hold scopes inside them.
  std::int32_t held = 0;

  static constexpr std::int32_t kNoId = -1;
};

// The open impersonation scopes of one thread, innermost last. Inside a scope the thread has the innermost
// scope's token; outside, it has the token to which it is pinned, or else its original identity.
class ScopeStack {
 public:
  using ScopeId = std::uint32_t;

  // How a scope was left.
  enum class LeaveResult {
    kInOrder,  // it was the innermost one
    kUnwound,  // inner ones were still open and were left with it
    kHeld,     // a held scope inside it is still open; nothing was done
    kNotOpen,  // it had been left already; nothing was done
  };

  // The calling thread's own stack.
  static ScopeStack& OfThread();

  ScopeStack(const ScopeStack&) = delete;
  ScopeStack& operator=(const ScopeStack&) = delete;

  // Whether code inside a scope may leave the scopes around it.
  enum class Hold {
    kNo,
    kYes,  // no: a native frame leaves the scope, and the code that it calls must keep the identity
  };

  // Puts the token on the thread and opens a scope. `token_id` is kept for ScopeState. If the switch fails or
  // the token's level does not allow work, throws and does not change the thread.
  ScopeId Enter(std::int32_t token_id, TokenRef token, Hold hold);

  // Leaves the scope and every scope inside it, unless one of those inside is held. Aborts the process if the
  // identity cannot be restored.
  LeaveResult Leave(ScopeId scope) noexcept;

  // Leaves the scopes inside the given one, held or not; with 0 every scope of the thread.
  LeaveResult LeaveInside(ScopeId scope) noexcept;

  // Leaves every scope of the thread, held or not; returns how many there were.
  std::size_t LeaveAll() noexcept;

  // Makes the token the identity of the thread beneath all scopes. It is not a scope, and only End reverts
  // it. Throws, without changing the thread, if a scope is open or the thread is pinned already, and for the
  // reasons of Enter.
  void Pin(TokenRef token);

  // The token to which the thread is pinned; null if it is not.
  const TokenRef& pinned() const noexcept { return pinned_; }

  // Leaves every scope and the pinned token: restores the identity that the thread had before its first
  // scope.
  void End() noexcept;

  std::size_t depth() const noexcept { return frames_.size(); }
  // Whether a scope of any kind is open, or the thread is pinned to a token.
  bool IsActing() const noexcept { return !frames_.empty() || pinned_; }
  // 0 outside every scope.
  ScopeId innermost() const noexcept { return frames_.empty() ? 0 : frames_.back().scope; }
  // Whether the innermost scope was entered with that id and is held, so that code inside it cannot leave it.
  bool IsHeldAs(std::int32_t token_id) const noexcept;
  bool IsOpen(ScopeId scope) const noexcept;
  // A scope that no native frame holds.
  struct Open {
    ScopeId scope;
    TokenRef token;
  };
  // The scopes that are not held, outermost first.
  std::vector<Open> NotHeld() const;
  // The innermost scope's token, null outside and in a baseline scope.
  TokenRef current_token() const { return frames_.empty() ? nullptr : frames_.back().token; }

  // Keeps `*state` up to date until UnshareState. Each environment of this thread has one.
  void ShareState(ScopeState* state);
  void UnshareState(const ScopeState* state) noexcept;
  // Removes a closed id from the state, as it may be reused for another token.
  void ForgetTokenId(std::int32_t token_id) noexcept;

  // Opens a held scope in which the thread has the identity that it had before its outermost scope and before
  // it was pinned. If it has that identity already, nothing is done and 0 is returned, which Leave ignores.
  ScopeId EnterBaseline();

 private:
  struct Frame {
    ScopeId scope = 0;
    std::int32_t token_id = 0;
    TokenRef token;  // null in a baseline scope
    Hold hold = Hold::kNo;
    std::int32_t held_before = 0;
  };

  ScopeStack();
  ~ScopeStack();
  static void Destroy(void* stack);
  ScopeId NextScope() noexcept;
  // The token in effect; null for the identity before all scopes.
  TokenRef EffectiveToken() const { return frames_.empty() ? pinned_ : frames_.back().token; }
  // Restores the identity of the enclosing scope.
  void RestoreEnclosing(const Token* current, const Token* enclosing) noexcept;
  void LeaveFrom(std::size_t index) noexcept;
  // Adds a scope without changing the thread.
  void Push(std::int32_t token_id, TokenRef token, Hold hold);
  // Removes the scopes from `index` on, and their holds.
  void Pop(std::size_t index) noexcept;
  // Writes the state of the frames to every shared ScopeState.
  void Publish() noexcept;

  std::vector<Frame> frames_;
  TokenRef pinned_;
  port::CapturedPtr captured_;
  ScopeId next_scope_ = 1;
  std::int32_t held_ = 0;
  std::vector<ScopeState*> states_;
};

// While this object lives, the calling thread acts as the token's user. No code that it could call leaves the
// scope.
class TokenScope {
 public:
  // Throws for the reasons of ScopeStack::Enter.
  explicit TokenScope(TokenRef token)
      : scope_(ScopeStack::OfThread().Enter(0, std::move(token), ScopeStack::Hold::kYes)) {}
  ~TokenScope() { ScopeStack::OfThread().Leave(scope_); }
  TokenScope(const TokenScope&) = delete;
  TokenScope& operator=(const TokenScope&) = delete;

 private:
  ScopeStack::ScopeId scope_;
};

// While this object lives, the calling thread has the identity that it had before its outermost scope and
// before it was pinned. A thread that is started meanwhile begins with the process identity: on Linux in its
// ids, on Windows in its security descriptor.
class BaselineScope {
 public:
  BaselineScope() : scope_(ScopeStack::OfThread().EnterBaseline()) {}
  ~BaselineScope() { ScopeStack::OfThread().Leave(scope_); }
  BaselineScope(const BaselineScope&) = delete;
  BaselineScope& operator=(const BaselineScope&) = delete;

 private:
  ScopeStack::ScopeId scope_;
};

}  // namespace impersonate
