#include "napi/derive_functions.h"

namespace impersonate {

void ExportDeriveFunctions(Napi::Env, Napi::Object) {}

}  // namespace impersonate
