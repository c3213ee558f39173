#include "napi/environment.h"

#include <utility>

#include "core/scope_stack.h"
#include "core/token_table.h"

namespace impersonate {

void Environment::Create(Napi::Env env) { env.SetInstanceData(new Environment); }

Environment::~Environment() {
  // A worker that is terminated inside a scope runs none of its finally blocks.
  ScopeStack::OfThread().LeaveAll();
  for (const std::int32_t id : tokens_) TokenTable::Get().Close(id);
}

std::int32_t Environment::AddToken(TokenRef token) {
  const std::int32_t id = TokenTable::Get().Add(std::move(token));
  tokens_.insert(id);
  return id;
}

bool Environment::CloseToken(std::int32_t id) {
  return tokens_.erase(id) != 0 && TokenTable::Get().Close(id);
}

void Environment::SetHooks(Napi::Function create_error, Napi::Function on_leak) {
  create_error_ = Napi::Persistent(create_error);
  on_leak_ = Napi::Persistent(on_leak);
}

}  // namespace impersonate
