#include "bindings.h"
#include "call_failed.h"
#include "foreign.h"
#include "identity.h"
#include "js_values.h"
#include "test_token.h"

namespace seam {
namespace {

TOKEN_TYPE ReadType(const Napi::Value& value) {
  const std::wstring name = ReadText(value);
  if (name == L"primary") return TokenPrimary;
  if (name == L"impersonation") return TokenImpersonation;
  throw Napi::TypeError::New(value.Env(), "no such type");
}

Napi::Value Make(const Napi::CallbackInfo& info) {
  const Napi::Object in = info[0].As<Napi::Object>();
  TokenSpec spec;
  spec.user = ReadText(in.Get("user"));
  spec.groups = ReadGroups(in.Get("groups"));
  spec.privileges = ReadTexts(in.Get("privileges"));
  spec.type = ReadType(in.Get("type"));
  spec.level = ReadLevel(in.Get("level"));
  if (!in.Get("logonSid").IsUndefined()) spec.logon_sid = ReadText(in.Get("logonSid"));
  return WriteHandle(info.Env(), MakeToken(spec));
}

Napi::Value CloseOne(const Napi::CallbackInfo& info) {
  if (!CloseHandle(ReadHandle(info[0]))) ThrowLastError("CloseHandle");
  return info.Env().Undefined();
}

Napi::Value Duplicate(const Napi::CallbackInfo& info) {
  const HANDLE self = GetCurrentProcess();
  const DWORD options = info[1].IsUndefined() ? DUPLICATE_SAME_ACCESS : 0;
  HANDLE copy = nullptr;
  if (!DuplicateHandle(self, ReadHandle(info[0]), self, &copy, ReadNumberOr(info[1], 0), FALSE, options)) {
    ThrowLastError("DuplicateHandle");
  }
  return WriteHandle(info.Env(), Handle(copy));
}

Napi::Value EffectiveIdentity(const Napi::CallbackInfo& info) {
  return WriteIdentity(info.Env(), ReadIdentity());
}

Napi::Value EffectiveUser(const Napi::CallbackInfo& info) {
  return WriteText(info.Env(), ReadEffectiveUser());
}

Napi::Value PutForeignToken(const Napi::CallbackInfo& info) {
  SetForeignToken(ReadHandle(info[0]));
  return info.Env().Undefined();
}

Napi::Value ClearForeignToken(const Napi::CallbackInfo& info) {
  SetForeignToken(nullptr);
  return info.Env().Undefined();
}

Napi::Value ReplaceProcessToken(const Napi::CallbackInfo& info) {
  SetProcessToken(ReadHandle(info[0]));
  return info.Env().Undefined();
}

Napi::Value ThreadId(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(GetCurrentThreadId()));
}

}  // namespace

void BindTokens(Napi::Object& exports) {
  Export<Make>(exports, "mint");
  Export<CloseOne>(exports, "closeHandle");
  Export<Duplicate>(exports, "duplicateHandle");
  Export<EffectiveIdentity>(exports, "effectiveIdentity");
  Export<EffectiveUser>(exports, "effectiveUser");
  Export<PutForeignToken>(exports, "setForeignToken");
  Export<ClearForeignToken>(exports, "clearForeignToken");
  Export<ReplaceProcessToken>(exports, "setProcessToken");
  Export<ThreadId>(exports, "threadId");
}

}  // namespace seam
