#include "napi/peer_functions.h"

namespace impersonate {

void ExportPeerFunctions(Napi::Env, Napi::Object) {}

}  // namespace impersonate
