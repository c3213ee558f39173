#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <unordered_set>

#include "core/port/initiate.h"
#include "core/port/negotiate.h"
#include "core/port/profile.h"
#include "core/port/tickets.h"
#include "core/scope_stack.h"
#include "core/token.h"
#include "fs/directory.h"
#include "napi/fs_pool.h"
#include "napi/id_table.h"
#include "napi/programs.h"

namespace impersonate {

// The resources of one Node environment (the main thread or a worker). Used on its thread only.
class Environment {
 public:
  static void Create(Napi::Env env);
  static Environment& Of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

  explicit Environment(Napi::Env env);
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  // Restores the identity that the thread had before all scopes, and closes the tokens and descriptors that
  // the environment leaves open.
  ~Environment();

  // Adds the token to the process's table and returns its id, which is closed with the environment at the
  // latest. Throws Error.
  std::int32_t AddToken(TokenRef token);
  // Returns whether the token was open and belonged to this environment.
  bool CloseToken(std::int32_t id);
  // The owner of the token has closed it, but flows still refer to it.
  void DisownToken(std::int32_t id);

  // Adds a descriptor that is closed with the environment, and removes one.
  void KeepDescriptor(int fd) { descriptors_.insert(fd); }
  void ReleaseDescriptor(int fd) { descriptors_.erase(fd); }

  // Each is created by the first call; throws Napi::Error.
  FsPool& fs_pool();
  Programs& programs();
  IdTable<fs::Directory>& directories() { return directories_; }
  IdTable<port::ServerCredentials>& server_credentials() { return server_credentials_; }
  IdTable<port::ServerContext>& server_contexts() { return server_contexts_; }
  IdTable<port::DelegatedCredential>& delegated_credentials() { return delegated_credentials_; }
  IdTable<port::Initiator>& initiators() { return initiators_; }
  IdTable<port::InitiatorContext>& initiator_contexts() { return initiator_contexts_; }
  IdTable<port::Tickets>& tickets() { return tickets_; }
  IdTable<port::TicketFile>& ticket_files() { return ticket_files_; }
  IdTable<port::Profile>& profiles() { return profiles_; }

  void SetHooks(Napi::Function create_error, Napi::Function describe_leak, Napi::Function noop);
  // The environment's ScopeState for JavaScript.
  Napi::Int32Array ScopeStateArray() const;

  // Null before initialize().
  Napi::FunctionReference& create_error() { return create_error_; }
  Napi::FunctionReference& describe_leak() { return describe_leak_; }

  // Whether a script is running that a time-out may end at any point.
  bool is_interruptible() const { return interruptible_ > 0; }
  void set_interruptible(bool on) { interruptible_ += on ? 1 : -1; }
  // Whether calls into JavaScript fail without an exception, as in an environment that is stopping or a
  // script that is being terminated.
  bool RunsNoJavaScript() const;
  // Whether enough stack is left for JavaScript code to open a scope and leave it; if not, a RangeError is
  // pending.
  bool HasStackForScope();

 private:
  Napi::Env env_;
  Napi::Reference<Napi::ArrayBuffer> scope_state_;  // keeps the memory of the next member
  ScopeState* scope_state_data_;
  std::unordered_set<std::int32_t> tokens_;
  std::unordered_set<int> descriptors_;
  std::shared_ptr<FsPool> fs_pool_;
  std::shared_ptr<Programs> programs_;
  IdTable<fs::Directory> directories_;
  IdTable<port::ServerCredentials> server_credentials_;
  IdTable<port::ServerContext> server_contexts_;
  IdTable<port::DelegatedCredential> delegated_credentials_;
  IdTable<port::Initiator> initiators_;
  IdTable<port::InitiatorContext> initiator_contexts_;
  IdTable<port::Tickets> tickets_;
  IdTable<port::TicketFile> ticket_files_;
  IdTable<port::Profile> profiles_;
  Napi::FunctionReference create_error_;
  Napi::FunctionReference describe_leak_;
  Napi::FunctionReference noop_;
  // From this address upwards, enough stack is left.
  std::uintptr_t checked_stack_ = UINTPTR_MAX;
  int interruptible_ = 0;
};

// Adds the token to the environment and returns its id, a number.
Napi::Value NewToken(Napi::Env env, TokenRef token);

}  // namespace impersonate
