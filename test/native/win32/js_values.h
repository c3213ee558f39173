#pragma once

#include <napi.h>
#include <windows.h>

#include <string>
#include <vector>

#include "call_failed.h"
#include "call_log.h"
#include "identity.h"
#include "test_token.h"

namespace seam {

// Each throws a TypeError if the value is of another type.
std::wstring ReadText(const Napi::Value& value);
DWORD ReadNumber(const Napi::Value& value);
// A bigint of at least 1.
HANDLE ReadHandle(const Napi::Value& value);
std::vector<std::wstring> ReadTexts(const Napi::Value& value);
std::vector<Group> ReadGroups(const Napi::Value& value);
SECURITY_IMPERSONATION_LEVEL ReadLevel(const Napi::Value& value);
DWORD ReadNumberOr(const Napi::Value& value, DWORD otherwise);

Napi::Value WriteText(Napi::Env env, const std::wstring& text);
Napi::Value WriteHandle(Napi::Env env, Handle handle);
Napi::Value WriteLabels(Napi::Env env, const std::vector<std::string>& labels);
// "none" for kNoLevel.
Napi::Value WriteLevel(Napi::Env env, int level);
Napi::Value WriteIdentity(Napi::Env env, const Identity& identity);
Napi::Value WriteRecords(Napi::Env env, const std::vector<Record>& records);

// An error with the call's name in `syscall` and its number in `errno`.
Napi::Error ErrorOf(Napi::Env env, const CallFailed& failure);

using Binding = Napi::Value (*)(const Napi::CallbackInfo&);

template <Binding function>
Napi::Value Guarded(const Napi::CallbackInfo& info) {
  try {
    return function(info);
  } catch (const CallFailed& failure) {
    throw ErrorOf(info.Env(), failure);
  }
}

template <Binding function>
void Export(Napi::Object& exports, const char* name) {
  exports.Set(name, Napi::Function::New<Guarded<function>>(exports.Env(), name));
}

}  // namespace seam
