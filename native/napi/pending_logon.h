#pragma once

#include <napi.h>

#include <cstddef>
#include <memory>

#include "core/port/logon.h"

namespace impersonate {

// What prepareLogon returns for JavaScript to pass on.
bool IsPendingLogon(const Napi::Value& value);

// Its logon, which can be taken once: the password is wiped with it. Throws if it has been taken or
// forgotten.
std::shared_ptr<const Logon> TakePendingLogon(const Napi::CallbackInfo& info, std::size_t index);

}  // namespace impersonate
