#include "core/port/com.h"

#include "core/error.h"

namespace impersonate::port {

void InitializeComSecurity(const ComSecurity&) {
  throw Error("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", "Linux has no COM");
}

}  // namespace impersonate::port
