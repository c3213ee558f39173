#include <napi.h>
#include <uv.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/port/program.h"
#include "core/scope_stack.h"
#include "fs/call.h"
#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/error_bridge.h"
#include "napi/exports.h"
#include "napi/pending_logon.h"
#include "napi/program_run.h"
#include "napi/programs.h"

namespace impersonate {
namespace {

Error WrongOption(const char* name) {
  return Error("ERR_INVALID_ARG_TYPE", std::string("The option ") + name + " of a program has a wrong type");
}

std::string Text(const Napi::Value& value, const char* name) {
  if (!value.IsString()) throw WrongOption(name);
  return value.As<Napi::String>().Utf8Value();
}

// Calls `use(item)` for each item of an array.
template <typename Use>
void ForEach(const Napi::Object& options, const char* name, Use use) {
  const Napi::Value value = options.Get(name);
  if (!value.IsArray()) throw WrongOption(name);
  const auto array = value.As<Napi::Array>();
  for (std::uint32_t i = 0; i < array.Length(); ++i) use(Napi::Value(array.Get(i)));
}

std::vector<std::string> Texts(const Napi::Object& options, const char* name) {
  std::vector<std::string> texts;
  ForEach(options, name, [&](const Napi::Value& item) { texts.push_back(Text(item, name)); });
  return texts;
}

std::int64_t Number(const Napi::Object& options, const char* name) {
  const Napi::Value value = options.Get(name);
  if (!value.IsNumber()) throw WrongOption(name);
  return value.As<Napi::Number>().Int64Value();
}

port::ProgramStdio Stdio(const Napi::Value& value) {
  using Kind = port::ProgramStdio::Kind;
  port::ProgramStdio stdio;
  if (value.IsNull() || value.IsUndefined()) return stdio;
  if (value.IsNumber()) {
    stdio.kind = Kind::kDescriptor;
    stdio.descriptor = value.As<Napi::Number>().Int32Value();
    return stdio;
  }
  const std::string kind = Text(value, "stdio");
  if (kind != "pipe" && kind != "overlapped") throw WrongOption("stdio");
  stdio.kind = Kind::kPipe;
  stdio.overlapped = kind == "overlapped";
  return stdio;
}

// -1 is no limit.
std::uint64_t LimitValue(const Napi::Value& value) {
  if (!value.IsNumber()) throw WrongOption("limits");
  const double number = value.As<Napi::Number>().DoubleValue();
  constexpr double kMost = 9007199254740991;
  if (number < 0 || !(number <= kMost)) return std::numeric_limits<std::uint64_t>::max();
  return static_cast<std::uint64_t>(number);
}

port::ResourceLimit Limit(const Napi::Value& value) {
  if (!value.IsArray()) throw WrongOption("limits");
  const auto array = value.As<Napi::Array>();
  const Napi::Value resource = array.Get(0u);
  if (!resource.IsNumber()) throw WrongOption("limits");
  return {resource.As<Napi::Number>().Int32Value(), LimitValue(array.Get(1u)), LimitValue(array.Get(2u))};
}

Napi::Object ObjectArgument(const Napi::CallbackInfo& info, std::size_t index) {
  if (!info[index].IsObject()) throw WrongOption("options");
  return info[index].As<Napi::Object>();
}

port::ProgramSession Session(const Napi::Object& from) {
  port::ProgramSession session;
  session.service = Text(from.Get("service"), "session");
  session.monitor = Texts(from, "monitor");
  session.monitor_environment = Texts(from, "monitorEnv");
  session.keeps_environment = from.Get("keepsEnv").ToBoolean();
  return session;
}

port::ProgramOptions OptionsOf(const Napi::Object& from) {
  port::ProgramOptions options;
  options.file = Text(from.Get("file"), "file");
  options.arguments = Texts(from, "args");
  const Napi::Value cwd = from.Get("cwd");
  if (!cwd.IsUndefined()) options.cwd = Text(cwd, "cwd");
  options.login_environment = from.Get("env").IsUndefined();
  if (!options.login_environment) options.environment = Texts(from, "env");
  ForEach(from, "stdio", [&](const Napi::Value& item) { options.stdio.push_back(Stdio(item)); });
  options.detached = from.Get("detached").ToBoolean();
  options.tree = from.Get("tree").ToBoolean();
  options.hide_window = from.Get("windowsHide").ToBoolean();
  options.verbatim_arguments = from.Get("windowsVerbatimArguments").ToBoolean();
  options.breakaway = from.Get("breakaway").ToBoolean();
  options.profile = from.Get("profile").ToBoolean();
  options.desktop = Text(from.Get("desktop"), "desktop");
  const Napi::Value no_new_privileges = from.Get("noNewPrivileges");
  if (!no_new_privileges.IsUndefined()) options.no_new_privileges = no_new_privileges.ToBoolean().Value();
  ForEach(from, "limits", [&](const Napi::Value& item) { options.limits.push_back(Limit(item)); });
  const Napi::Value session = from.Get("session");
  if (session.IsObject()) options.session = Session(session.As<Napi::Object>());
  return options;
}

RunOptions RunOptionsOf(const Napi::Object& from) {
  RunOptions run;
  ForEach(from, "input", [&](const Napi::Value& item) {
    run.input.emplace_back();
    const std::optional<Napi::Uint8Array> bytes = AsBytes(item);
    if (bytes) run.input.back().assign(bytes->Data(), bytes->Data() + bytes->ElementLength());
  });
  ForEach(from, "output", [&](const Napi::Value& item) { run.output.push_back(item.ToBoolean()); });
  const std::int64_t timeout = Number(from, "timeout");
  run.timeout = timeout > 0 ? static_cast<std::uint64_t>(timeout) : 0;
  run.max_buffer = Number(from, "maxBuffer");
  run.kill_signal = static_cast<int>(Number(from, "killSignal"));
  return run;
}

TokenRef TokenForWork(const Napi::CallbackInfo& info) {
  TokenRef token = TokenArgument(info, 0);
  RequireLevelForWork(*token);
  return token;
}

// What `start` returns, or libuv's number for an error that is about the program.
template <typename Start>
Napi::Value OrNumber(Napi::Env env, Start start) {
  const BaselineScope as_process;
  try {
    return start();
  } catch (const Error& error) {
    if (error.syscall() != port::kProgramCall) throw;
    return Napi::Number::New(env, UvNumber(error.number()));
  }
}

Napi::Value StartProgram(const Napi::CallbackInfo& info) {
  const auto logon = IsPendingLogon(info[0]) ? TakePendingLogon(info, 0) : nullptr;
  const TokenRef token = logon ? nullptr : TokenForWork(info);
  const port::ProgramOptions options = OptionsOf(ObjectArgument(info, 1));
  const Napi::Function ended = FunctionArgument(info, 2);
  const auto start = [&] {
    return logon ? port::StartProgramWithLogon(*logon, options) : port::StartProgram(token, options);
  };
  return OrNumber(info.Env(),
                  [&]() -> Napi::Value { return Environment::Of(info.Env()).programs().Add(start, ended); });
}

Napi::Value KillProgram(const Napi::CallbackInfo& info) {
  Programs& programs = Environment::Of(info.Env()).programs();
  const Programs::Id id = IntegerArgument(info, 0);
  const int signal = IntegerArgument(info, 1);
  const BaselineScope as_process;
  const int error = programs.Kill(id, signal);
  return Napi::Number::New(info.Env(), error == 0 ? 0 : UvNumber(error));
}

Napi::Value KeepLoopForProgram(const Napi::CallbackInfo& info) {
  Environment::Of(info.Env()).programs().KeepLoop(IntegerArgument(info, 0), info[1].ToBoolean());
  return info.Env().Undefined();
}

Napi::Value CloseProgram(const Napi::CallbackInfo& info) {
  const BaselineScope as_process;
  Environment::Of(info.Env()).programs().Close(IntegerArgument(info, 0));
  return info.Env().Undefined();
}

Napi::Value ResultOf(Napi::Env env, const RunResult& run) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("pid", Napi::Number::New(env, run.pid));
  const bool exited = run.exit && run.exit->code >= 0 && run.exit->signal == 0;
  result.Set("status",
             exited ? Napi::Value(Napi::Number::New(env, static_cast<double>(run.exit->code))) : env.Null());
  result.Set("signal", Napi::Number::New(env, run.exit ? run.exit->signal : 0));
  Napi::Array output = Napi::Array::New(env, run.output.size());
  for (std::uint32_t i = 0; i < run.output.size(); ++i) {
    const auto& bytes = run.output[i];
    output[i] = bytes ? Napi::Value(Napi::Buffer<char>::Copy(env, bytes->data(), bytes->size())) : env.Null();
  }
  result.Set("output", output);
  result.Set("error", Napi::Number::New(env, run.error));
  return result;
}

Napi::Value RunProgram(const Napi::CallbackInfo& info) {
  const TokenRef token = TokenForWork(info);
  const Napi::Object from = ObjectArgument(info, 1);
  const port::ProgramOptions options = OptionsOf(from);
  RunOptions run = RunOptionsOf(from);
  return OrNumber(info.Env(), [&] {
    return ResultOf(info.Env(), impersonate::RunProgram(token, options, std::move(run)));
  });
}

// Of a program that could not be started, what node reads from as its output.
Napi::Value EndedPipe(const Napi::CallbackInfo& info) {
  const BaselineScope as_process;
  uv_file ends[2];
  if (const int error = uv_pipe(ends, UV_NONBLOCK_PIPE, 0)) {
    throw Error(uv_err_name(error), error, "pipe", uv_strerror(error));
  }
  fs::CloseDescriptor(ends[1]);
  return Napi::Number::New(info.Env(), ends[0]);
}

Napi::Value RunSessionMonitor(const Napi::CallbackInfo&) { port::RunSessionMonitor(); }

Napi::Value LoginEnvironment(const Napi::CallbackInfo& info) {
  const TokenRef token = TokenArgument(info, 0);
  const BaselineScope as_process;
  const std::vector<std::string> environment = port::LoginEnvironment(*token);
  Napi::Array list = Napi::Array::New(info.Env(), environment.size());
  for (std::uint32_t i = 0; i < environment.size(); ++i) {
    list[i] = Napi::String::New(info.Env(), environment[i]);
  }
  return list;
}

}  // namespace

void ExportProgramFunctions(Napi::Env env, Napi::Object exports) {
  Export<StartProgram>(env, exports, "startProgram");
  Export<KillProgram>(env, exports, "killProgram");
  Export<KeepLoopForProgram>(env, exports, "keepLoopForProgram");
  Export<CloseProgram>(env, exports, "closeProgram");
  Export<RunProgram>(env, exports, "runProgram");
  Export<EndedPipe>(env, exports, "endedPipe");
  Export<RunSessionMonitor>(env, exports, "runSessionMonitor");
  Export<LoginEnvironment>(env, exports, "loginEnvironment");
}

}  // namespace impersonate
