#include <napi.h>

#include <memory>
#include <mutex>

#include "core/error.h"
#include "core/port/process.h"
#include "core/port/thread.h"
#include "core/scope_stack.h"
#include "fs/call.h"
#include "napi/environment.h"
#include "napi/error_bridge.h"
#include "napi/exports.h"
#include "napi/loop_guard.h"

namespace impersonate {
namespace {

// Runs once in the process, on the first thread that loads the addon; the next thread retries after a
// failure. Not std::call_once: with MinGW and musl it waits forever after a call that threw.
void InitOnce(Napi::Env env) {
  static std::mutex mutex;
  static bool done = false;
  const std::lock_guard<std::mutex> lock(mutex);
  if (done) return;
  const napi_node_version* version = nullptr;
  NAPI_THROW_IF_FAILED_VOID(env, napi_get_node_version(env, &version));
  port::ClaimProcess();
  port::Init(version->major);
  done = true;
}

// Prepares this thread and environment and fills the exports that types/native.d.ts describes. Throws a
// JavaScript error if impersonation cannot be made safe.
Napi::Object RegisterAddon(Napi::Env env, Napi::Object exports) {
  Environment::Create(env);
  try {
    InitOnce(env);
    fs::CheckLayout();
    // A thread in a scope has been initialized already, by another environment.
    if (!ScopeStack::OfThread().IsActing()) port::InitThread();
  } catch (const Error& error) {
    throw ToJavaScript(env, error);
  }
  StartPoolThreads(env);
  StartLoopGuard(env);
  exports.Set("port", port::Name());
  exports.Set("file", port::OwnPath());
  exports.Set("secureExecution", port::IsSecureExecution());
  ExportProcessFunctions(env, exports);
  ExportTokenFunctions(env, exports);
  ExportLogonFunctions(env, exports);
  ExportNegotiateFunctions(env, exports);
  ExportTicketFunctions(env, exports);
  ExportPeerFunctions(env, exports);
  ExportScopeFunctions(env, exports);
  ExportProfileFunctions(env, exports);
  ExportFsFunctions(env, exports);
  ExportProgramFunctions(env, exports);
  return exports;
}

}  // namespace
}  // namespace impersonate

using impersonate::RegisterAddon;

NODE_API_MODULE(impersonate, RegisterAddon)
