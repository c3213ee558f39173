#include "authority.h"
#include "bindings.h"
#include "call_log.h"
#include "context_token.h"
#include "js_values.h"
#include "users.h"

namespace seam {
namespace {

Napi::Value Define(const Napi::CallbackInfo& info) {
  const Napi::Object in = info[0].As<Napi::Object>();
  User user;
  user.name = ReadText(in.Get("name"));
  user.domain = ReadText(in.Get("domain"));
  user.password = ReadText(in.Get("password"));
  user.sid = ReadText(in.Get("sid"));
  user.groups = ReadGroups(in.Get("groups"));
  user.privileges = ReadTexts(in.Get("privileges"));
  const Napi::Value dns = in.Get("dns");
  user.dns = dns.IsUndefined() ? user.domain : ReadText(dns);
  user.error = ReadNumberOr(in.Get("error"), ERROR_SUCCESS);
  DefineUser(user);
  return info.Env().Undefined();
}

Napi::Value Forget(const Napi::CallbackInfo& info) {
  ForgetUsers();
  return info.Env().Undefined();
}

Napi::Value Patch(const Napi::CallbackInfo& info) {
  return WriteLabels(info.Env(), RedirectImports(FindModule(ReadText(info[0])), AuthoritySubstitutes()));
}

Napi::Value ReplaceTokens(const Napi::CallbackInfo& info) {
  return WriteLabels(info.Env(), ReplaceContextTokens(FindModule(ReadText(info[0])), ReadText(info[1])));
}

Napi::Value Take(const Napi::CallbackInfo& info) { return WriteRecords(info.Env(), AuthorityCalls().Take()); }

Napi::Value SetType(const Napi::CallbackInfo& info) {
  SetLogonType(ReadNumber(info[0]));
  return info.Env().Undefined();
}

Napi::Value ReadOutstanding(const Napi::CallbackInfo& info) {
  const Outstanding outstanding = CountOutstanding();
  Napi::Object out = Napi::Object::New(info.Env());
  out.Set("lsaConnections", static_cast<double>(outstanding.lsa_connections));
  out.Set("lsaBuffers", static_cast<double>(outstanding.lsa_buffers));
  out.Set("credentials", static_cast<double>(outstanding.credentials));
  out.Set("contexts", static_cast<double>(outstanding.contexts));
  out.Set("contextBuffers", static_cast<double>(outstanding.context_buffers));
  return out;
}

}  // namespace

void BindAuthority(Napi::Object& exports) {
  Export<Define>(exports, "defineUser");
  Export<Forget>(exports, "forgetUsers");
  Export<Patch>(exports, "patchAuthority");
  Export<ReplaceTokens>(exports, "answerContextTokens");
  Export<Take>(exports, "takeAuthorityRecords");
  Export<SetType>(exports, "setLogonType");
  Export<ReadOutstanding>(exports, "outstanding");
}

}  // namespace seam
