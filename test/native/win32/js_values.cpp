#include "js_values.h"

#include <array>

#include "text.h"

namespace seam {
namespace {

constexpr std::array<const char*, 4> kLevels{"anonymous", "identification", "impersonation", "delegation"};

Napi::Array ReadArray(const Napi::Value& value) {
  if (!value.IsArray()) throw Napi::TypeError::New(value.Env(), "an array is needed");
  return value.As<Napi::Array>();
}

}  // namespace

std::wstring ReadText(const Napi::Value& value) {
  if (!value.IsString()) throw Napi::TypeError::New(value.Env(), "a string is needed");
  return Wide(value.As<Napi::String>().Utf8Value());
}

DWORD ReadNumber(const Napi::Value& value) {
  if (!value.IsNumber()) throw Napi::TypeError::New(value.Env(), "a number is needed");
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= 0)) throw Napi::RangeError::New(value.Env(), "a number of at least 0 is needed");
  return number < MAXDWORD ? static_cast<DWORD>(number) : MAXDWORD;
}

DWORD ReadNumberOr(const Napi::Value& value, DWORD otherwise) {
  return value.IsUndefined() ? otherwise : ReadNumber(value);
}

HANDLE ReadHandle(const Napi::Value& value) {
  if (!value.IsBigInt()) throw Napi::TypeError::New(value.Env(), "a bigint is needed");
  bool lossless = false;
  const uint64_t bits = value.As<Napi::BigInt>().Uint64Value(&lossless);
  if (!lossless || bits == 0) throw Napi::RangeError::New(value.Env(), "a handle is needed");
  return reinterpret_cast<HANDLE>(bits);
}

std::vector<std::wstring> ReadTexts(const Napi::Value& value) {
  std::vector<std::wstring> texts;
  if (value.IsUndefined()) return texts;
  const Napi::Array array = ReadArray(value);
  for (uint32_t i = 0; i < array.Length(); ++i) texts.push_back(ReadText(array.Get(i)));
  return texts;
}

std::vector<Group> ReadGroups(const Napi::Value& value) {
  std::vector<Group> groups;
  if (value.IsUndefined()) return groups;
  const Napi::Array array = ReadArray(value);
  for (uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Object group = array.Get(i).As<Napi::Object>();
    groups.push_back({ReadText(group.Get("sid")), ReadNumberOr(group.Get("attributes"), kEnabledGroup)});
  }
  return groups;
}

SECURITY_IMPERSONATION_LEVEL ReadLevel(const Napi::Value& value) {
  const std::string name = Utf8(ReadText(value));
  for (size_t i = 0; i < kLevels.size(); ++i) {
    if (name == kLevels[i]) return static_cast<SECURITY_IMPERSONATION_LEVEL>(i);
  }
  throw Napi::TypeError::New(value.Env(), "no such level: " + name);
}

Napi::Value WriteText(Napi::Env env, const std::wstring& text) { return Napi::String::New(env, Utf8(text)); }

Napi::Value WriteHandle(Napi::Env env, Handle handle) {
  const Napi::BigInt value = Napi::BigInt::New(env, reinterpret_cast<uint64_t>(handle.get()));
  static_cast<void>(handle.release());
  return value;
}

Napi::Value WriteLabels(Napi::Env env, const std::vector<std::string>& labels) {
  Napi::Array array = Napi::Array::New(env, labels.size());
  for (uint32_t i = 0; i < labels.size(); ++i) array.Set(i, labels[i]);
  return array;
}

Napi::Value WriteLevel(Napi::Env env, int level) {
  return Napi::String::New(env, level == kNoLevel ? "none" : kLevels.at(static_cast<size_t>(level)));
}

Napi::Value WriteIdentity(Napi::Env env, const Identity& identity) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("sid", WriteText(env, identity.sid));
  out.Set("level", WriteLevel(env, identity.level));
  out.Set("thread", identity.of_thread);
  return out;
}

Napi::Value WriteRecords(Napi::Env env, const std::vector<Record>& records) {
  Napi::Array array = Napi::Array::New(env, records.size());
  for (uint32_t i = 0; i < records.size(); ++i) {
    const Record& record = records[i];
    Napi::Object object = Napi::Object::New(env);
    object.Set("function", record.function);
    object.Set("subject", WriteText(env, record.subject));
    object.Set("thread", static_cast<double>(record.thread));
    object.Set("main", record.main);
    object.Set("sid", WriteText(env, record.sid));
    object.Set("level", WriteLevel(env, record.level));
    object.Set("denied", static_cast<double>(record.denied));
    array.Set(i, object);
  }
  return array;
}

Napi::Error ErrorOf(Napi::Env env, const CallFailed& failure) {
  Napi::Error error = Napi::Error::New(env, failure.what());
  error.Set("errno", Napi::Number::New(env, static_cast<double>(failure.code())));
  error.Set("syscall", Napi::String::New(env, failure.call()));
  return error;
}

}  // namespace seam
