#include "napi/arguments.h"

#include <string>
#include <vector>

#include "core/error.h"
#include "core/token_table.h"
#include "napi/error_bridge.h"

namespace impersonate {
namespace {

Error WrongType(std::size_t index, const char* expected) {
  return Error("ERR_INVALID_ARG_TYPE",
               "Native argument " + std::to_string(index) + " must be of type " + expected);
}

std::vector<std::string> Strings(const Napi::Value& value, std::size_t index) {
  if (!value.IsArray()) throw WrongType(index, "string[]");
  const auto array = value.As<Napi::Array>();
  std::vector<std::string> strings;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value item = array.Get(i);
    if (!item.IsString()) throw WrongType(index, "string[]");
    strings.push_back(item.As<Napi::String>().Utf8Value());
  }
  return strings;
}

}  // namespace

std::int32_t IntegerArgument(const Napi::CallbackInfo& info, std::size_t index) {
  if (!info[index].IsNumber()) throw WrongType(index, "number");
  return info[index].As<Napi::Number>().Int32Value();
}

std::string StringArgument(const Napi::CallbackInfo& info, std::size_t index) {
  if (!info[index].IsString()) throw WrongType(index, "string");
  return info[index].As<Napi::String>().Utf8Value();
}

std::optional<Napi::Uint8Array> AsBytes(const Napi::Value& value) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    return std::nullopt;
  }
  return value.As<Napi::Uint8Array>();
}

std::vector<unsigned char> BytesArgument(const Napi::CallbackInfo& info, std::size_t index) {
  const std::optional<Napi::Uint8Array> bytes = AsBytes(info[index]);
  if (!bytes) throw WrongType(index, "Uint8Array");
  return {bytes->Data(), bytes->Data() + bytes->ElementLength()};
}

Napi::Function FunctionArgument(const Napi::CallbackInfo& info, std::size_t index) {
  if (!info[index].IsFunction()) throw WrongType(index, "function");
  return info[index].As<Napi::Function>();
}

Level LevelArgument(const Napi::CallbackInfo& info, std::size_t index) {
  const std::int32_t level = IntegerArgument(info, index);
  if (level < 0 || level > static_cast<std::int32_t>(Level::kDelegation)) {
    throw Error("ERR_INVALID_ARG_VALUE", "There is no impersonation level " + std::to_string(level));
  }
  return static_cast<Level>(level);
}

PrincipalKind KindArgument(const Napi::CallbackInfo& info, std::size_t index) {
  return StringArgument(info, index) == "user" ? PrincipalKind::kUser : PrincipalKind::kGroup;
}

std::vector<std::string> StringsArgument(const Napi::CallbackInfo& info, std::size_t index) {
  return Strings(info[index], index);
}

Restrictions RestrictionsArgument(const Napi::CallbackInfo& info, std::size_t index) {
  if (!info[index].IsObject()) throw WrongType(index, "object");
  const auto object = info[index].As<Napi::Object>();
  Restrictions restrictions;
  restrictions.deny_only = Strings(object.Get("denyOnly"), index);
  restrictions.remove_privileges = Strings(object.Get("removePrivileges"), index);
  restrictions.drop_all_groups = object.Get("dropAllGroups").ToBoolean();
  restrictions.drop_groups = Strings(object.Get("dropGroups"), index);
  restrictions.restricting = Strings(object.Get("restrictingSids"), index);
  restrictions.flags = Strings(object.Get("flags"), index);
  restrictions.integrity = object.Get("integrity").ToString().Utf8Value();
  return restrictions;
}

TokenRef TokenArgument(const Napi::CallbackInfo& info, std::size_t index) {
  TokenRef token = TokenTable::Get().Find(IntegerArgument(info, index));
  if (!token) throw ClosedTokenError();
  return token;
}

}  // namespace impersonate
