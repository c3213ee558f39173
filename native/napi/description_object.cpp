#include "napi/description_object.h"

#include <cstdint>
#include <vector>

namespace impersonate {
namespace {

Napi::Object PrincipalObject(Napi::Env env, const Principal& principal) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("kind", principal.kind == PrincipalKind::kUser ? "user" : "group");
  object.Set("id", principal.id);
  return object;
}

Napi::Object PrivilegeObject(Napi::Env env, const Privilege& privilege) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("name", privilege.name);
  object.Set("enabled", privilege.enabled);
  return object;
}

template <typename Item>
Napi::Array ArrayOf(Napi::Env env, const std::vector<Item>& items,
                    Napi::Object (*convert)(Napi::Env, const Item&)) {
  Napi::Array array = Napi::Array::New(env, items.size());
  for (std::uint32_t i = 0; i < items.size(); ++i) array.Set(i, convert(env, items[i]));
  return array;
}

}  // namespace

Napi::Value DescriptionObject(Napi::Env env, const Description& description) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("user", PrincipalObject(env, description.user));
  object.Set("groups", ArrayOf(env, description.groups, PrincipalObject));
  object.Set("denyOnlyGroups", ArrayOf(env, description.deny_only_groups, PrincipalObject));
  object.Set("privileges", ArrayOf(env, description.privileges, PrivilegeObject));
  object.Set("level",
             description.level ? Napi::Number::New(env, static_cast<int>(*description.level)) : env.Null());
  object.Set("logonId", description.logon_id);
  object.Set("anonymous", description.anonymous);
  return object;
}

Napi::Value AccountObject(Napi::Env env, std::optional<Account> account) {
  if (!account) return env.Null();
  Napi::Object object = Napi::Object::New(env);
  object.Set("name", account->name);
  object.Set("domain", account->domain);
  return object;
}

}  // namespace impersonate
