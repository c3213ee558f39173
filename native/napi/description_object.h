#pragma once

#include <napi.h>

#include <optional>

#include "core/description.h"

namespace impersonate {

// NativeDescription of types/native.d.ts.
Napi::Value DescriptionObject(Napi::Env env, const Description& description);

// NativeAccount, or null.
Napi::Value AccountObject(Napi::Env env, std::optional<Account> account);

}  // namespace impersonate
