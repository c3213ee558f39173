#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/description.h"
#include "core/token.h"

// Arguments as lib/ passes them, after its own checks. These checks only prevent undefined behaviour after a
// mistake in lib/: they throw ERR_INVALID_ARG_TYPE or ERR_INVALID_ARG_VALUE.
namespace impersonate {

std::int32_t IntegerArgument(const Napi::CallbackInfo& info, std::size_t index);
std::string StringArgument(const Napi::CallbackInfo& info, std::size_t index);
std::vector<std::string> StringsArgument(const Napi::CallbackInfo& info, std::size_t index);
// A copy of the bytes of a Uint8Array.
std::vector<unsigned char> BytesArgument(const Napi::CallbackInfo& info, std::size_t index);
// The value if it is a Uint8Array: for bytes that must not be copied into ordinary memory, and for arguments
// that may have another type.
std::optional<Napi::Uint8Array> AsBytes(const Napi::Value& value);
Napi::Function FunctionArgument(const Napi::CallbackInfo& info, std::size_t index);
Level LevelArgument(const Napi::CallbackInfo& info, std::size_t index);
PrincipalKind KindArgument(const Napi::CallbackInfo& info, std::size_t index);
Restrictions RestrictionsArgument(const Napi::CallbackInfo& info, std::size_t index);
// The open token with that id; throws ERR_TOKEN_CLOSED if there is none.
TokenRef TokenArgument(const Napi::CallbackInfo& info, std::size_t index);

}  // namespace impersonate
