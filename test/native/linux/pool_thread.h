#pragma once

#include <napi.h>

namespace probe {

// changePoolThread(uid, gid, groups): puts effective ids and groups on a pool thread, as code that forgot to
// take them off would, and resolves to 0 or the errno.
Napi::Value ChangePoolThread(const Napi::CallbackInfo& info);

}  // namespace probe
