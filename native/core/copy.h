#pragma once

#include <string>

#include "core/error.h"

namespace impersonate {

// Each copy of the addon exports a C function of this name and type. It returns the path of the copy's file
// in UTF-8 once the copy serves the process, and null before. Copies of other versions find each other by it,
// so that neither may ever change.
inline constexpr char kServingCopy[] = "impersonate_serving_copy";
using ServingCopy = const char* (*)();

inline Error SecondCopyError(const std::string& refused, const std::string& serving) {
  return Error(
      "ERR_SECOND_COPY",
      "This process already uses the copy of impersonate at " + serving + ". The copy at " + refused +
          " does not load: two copies do not see each other's scopes. Have one only, by `npm dedupe`, "
          "or by naming impersonate in the peerDependencies of the packages that use it");
}

}  // namespace impersonate
