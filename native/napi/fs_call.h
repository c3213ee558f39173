#pragma once

#include <napi.h>

#include <cstddef>

#include "fs/call.h"

namespace impersonate {

// The file system call of that number with the arguments from `first` on, as lib/ passes them after its own
// checks. Throws ERR_INVALID_ARG_TYPE or ERR_INVALID_ARG_VALUE.
fs::Call FsCallArgument(const Napi::CallbackInfo& info, std::size_t number, std::size_t first);

// The result of a successful call for lib/. The environment then owns a directory, the caller a descriptor.
Napi::Value FsResult(Napi::Env env, fs::Call& call);

}  // namespace impersonate
