#include <windows.h>
// After windows.h.
#include <objbase.h>

#include <atomic>

#include "bindings.h"
#include "identity.h"
#include "js_values.h"
#include "redirects.h"

namespace seam {
namespace {

// The last call of CoInitializeSecurity. Tests call it on one thread at a time.
struct ComCall {
  bool made = false, plain = false, as_user = false;
  DWORD authentication = 0, level = 0, capabilities = 0;
};
ComCall last_call;
std::atomic<HRESULT> result{S_OK};
// How often COM was initialized for the process, less how often that was undone.
std::atomic<int> uses{0};

HRESULT WINAPI Initialize(PSECURITY_DESCRIPTOR security, LONG services, SOLE_AUTHENTICATION_SERVICE* list,
                          void* first, DWORD authentication, DWORD level, void* levels, DWORD capabilities,
                          void* second) {
  last_call.made = true;
  last_call.plain = !security && services == -1 && !list && !first && !levels && !second && uses == 1;
  last_call.as_user = ReadIdentity().of_thread;
  last_call.authentication = authentication;
  last_call.level = level;
  last_call.capabilities = capabilities;
  return result;
}

HRESULT WINAPI Increment(CO_MTA_USAGE_COOKIE* cookie) {
  *cookie = reinterpret_cast<CO_MTA_USAGE_COOKIE>(&uses);
  ++uses;
  return S_OK;
}

HRESULT WINAPI Decrement(CO_MTA_USAGE_COOKIE) {
  --uses;
  return S_OK;
}

Napi::Value Patch(const Napi::CallbackInfo& info) {
  result = static_cast<HRESULT>(info[1].As<Napi::Number>().Int32Value());
  last_call = {};
  return WriteLabels(
      info.Env(),
      RedirectImports(FindModule(ReadText(info[0])),
                      {Replace<decltype(CoInitializeSecurity)>("CoInitializeSecurity", Initialize),
                       Replace<decltype(CoIncrementMTAUsage)>("CoIncrementMTAUsage", Increment),
                       Replace<decltype(CoDecrementMTAUsage)>("CoDecrementMTAUsage", Decrement)}));
}

Napi::Value TakeCall(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Object call = Napi::Object::New(env);
  call.Set("made", last_call.made);
  call.Set("plain", last_call.plain);
  call.Set("asUser", last_call.as_user);
  call.Set("authentication", Napi::Number::New(env, last_call.authentication));
  call.Set("level", Napi::Number::New(env, last_call.level));
  call.Set("capabilities", Napi::Number::New(env, last_call.capabilities));
  call.Set("uses", Napi::Number::New(env, uses));
  last_call = {};
  return call;
}

}  // namespace

void BindCom(Napi::Object& exports) {
  Export<Patch>(exports, "patchCom");
  Export<TakeCall>(exports, "takeComCall");
}

}  // namespace seam
