#include "napi/negotiate_functions.h"

namespace impersonate {

void ExportNegotiateFunctions(Napi::Env, Napi::Object) {}

}  // namespace impersonate
