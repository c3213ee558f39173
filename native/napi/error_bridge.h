#pragma once

#include <napi.h>

#include "core/error.h"

namespace impersonate {

// The JavaScript error for `error`: made by the createError hook, or a plain Error with code, errno and
// syscall if there is no hook yet.
Napi::Error ToJavaScript(Napi::Env env, const Error& error);

// Reports the exception that a function called by napi_make_callback has thrown, if there is one. It must not
// stay pending for Node to report it: the first native function that an uncaughtException handler calls would
// throw it again.
void ReportUncaught(Napi::Env env);

// The error for an id of no open token.
Error ClosedTokenError();

// A binding function as Node-API calls it: the native errors of `Function` are thrown into JavaScript.
template <Napi::Value (*Function)(const Napi::CallbackInfo&)>
Napi::Value Bridge(const Napi::CallbackInfo& info) {
  try {
    return Function(info);
  } catch (const Error& error) {
    throw ToJavaScript(info.Env(), error);
  }
}

template <Napi::Value (*Function)(const Napi::CallbackInfo&)>
void Export(Napi::Env env, Napi::Object exports, const char* name) {
  exports.Set(name, Napi::Function::New<Bridge<Function>>(env, name));
}

}  // namespace impersonate
