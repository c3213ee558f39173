#include "napi/logon_functions.h"

namespace impersonate {

void ExportLogonFunctions(Napi::Env, Napi::Object) {}

}  // namespace impersonate
