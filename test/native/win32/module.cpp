// The test addon for Windows and Wine. test/support/win32/seam.ts documents its functions.

#include <napi.h>

#include "bindings.h"

namespace {

Napi::Object Init(Napi::Env, Napi::Object exports) {
  seam::BindTokens(exports);
  seam::BindPool(exports);
  seam::BindObjects(exports);
  seam::BindAuthority(exports);
  seam::BindLogon(exports);
  seam::BindFiles(exports);
  seam::BindFaults(exports);
  seam::BindMachine(exports);
  seam::BindPrograms(exports);
  seam::BindCom(exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(seam, Init)
