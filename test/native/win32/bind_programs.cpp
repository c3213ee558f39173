#include "bindings.h"
#include "call_failed.h"
#include "handle.h"
#include "js_values.h"
#include "program_calls.h"
#include "redirects.h"
#include "text.h"

namespace seam {
namespace {

Napi::Value Patch(const Napi::CallbackInfo& info) {
  return WriteLabels(info.Env(), RedirectImports(FindModule(ReadText(info[0])), ProgramSubstitutes()));
}

Napi::Value TakeCalls(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array list = Napi::Array::New(env);
  for (const ProgramCall& call : TakeProgramCalls()) {
    Napi::Object entry = Napi::Object::New(env);
    const auto number = [&](const char* name, DWORD value) {
      entry.Set(name, Napi::Number::New(env, value));
    };
    entry.Set("function", Napi::String::New(env, call.function));
    entry.Set("application", WriteText(env, call.application));
    entry.Set("commandLine", WriteText(env, call.command_line));
    number("flags", call.flags);
    number("startupFlags", call.startup_flags);
    number("showWindow", call.show_window);
    entry.Set("desktop", WriteText(env, call.desktop));
    number("runtimeBlock", call.runtime_block);
    entry.Set("inherits", Napi::Boolean::New(env, call.inherits != FALSE));
    entry.Set("folder", WriteText(env, call.folder));
    entry.Set("account", WriteText(env, call.account));
    number("logonFlags", call.logon_flags);
    entry.Set("hasEnvironment", Napi::Boolean::New(env, call.has_environment));
    entry.Set("impersonating", Napi::Boolean::New(env, call.impersonating));
    list.Set(list.Length(), entry);
  }
  return list;
}

Napi::Value Swap(const Napi::CallbackInfo& info) {
  SwapProgram(ReadText(info[0]), info[1].IsUndefined() ? nullptr : ReadHandle(info[1]));
  return info.Env().Undefined();
}

Napi::Value MakeInheritable(const Napi::CallbackInfo& info) {
  if (!SetHandleInformation(ReadHandle(info[0]), HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT)) {
    ThrowLastError("SetHandleInformation");
  }
  return info.Env().Undefined();
}

Napi::Value InJob(const Napi::CallbackInfo& info) {
  const Handle process(OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, ReadNumber(info[0])));
  if (!process) ThrowLastError("OpenProcess");
  BOOL in_job = FALSE;
  if (!IsProcessInJob(process.get(), nullptr, &in_job)) ThrowLastError("IsProcessInJob");
  return Napi::Boolean::New(info.Env(), in_job != FALSE);
}

// Starts a program of the calling process's user that is not in its job, and returns its number.
Napi::Value StartOutsideOfJob(const Napi::CallbackInfo& info) {
  std::wstring command_line = ReadText(info[0]);
  STARTUPINFOW startup{};
  startup.cb = sizeof startup;
  PROCESS_INFORMATION created{};
  if (!CreateProcessW(nullptr, command_line.data(), nullptr, nullptr, FALSE,
                      CREATE_BREAKAWAY_FROM_JOB | DETACHED_PROCESS, nullptr, nullptr, &startup, &created)) {
    ThrowLastError("CreateProcessW");
  }
  const Handle process(created.hProcess), thread(created.hThread);
  return Napi::Number::New(info.Env(), created.dwProcessId);
}

}  // namespace

void BindPrograms(Napi::Object& exports) {
  Export<Patch>(exports, "patchPrograms");
  Export<TakeCalls>(exports, "takeProgramCalls");
  Export<Swap>(exports, "swapProgram");
  Export<MakeInheritable>(exports, "makeInheritable");
  Export<InJob>(exports, "isInJob");
  Export<StartOutsideOfJob>(exports, "startOutsideOfJob");
}

}  // namespace seam
