#pragma once

#include <napi.h>

namespace probe {

// changePoolThread(uid, gid, groups): sets effective ids and groups on a pool thread and leaves them there,
// as faulty code would. Resolves to 0 or the errno.
Napi::Value ChangePoolThread(const Napi::CallbackInfo& info);

}  // namespace probe
