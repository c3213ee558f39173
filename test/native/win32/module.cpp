// The seam: test-only, for Windows and Wine. test/support/win32/seam.ts says what each function does.

#include <napi.h>

#include "bindings.h"

namespace {

Napi::Object Init(Napi::Env, Napi::Object exports) {
  seam::BindTokens(exports);
  seam::BindPool(exports);
  seam::BindObjects(exports);
  seam::BindAuthority(exports);
  seam::BindLogon(exports);
  seam::BindWitness(exports);
  seam::BindFaults(exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(seam, Init)
