#pragma once

#include <napi.h>

namespace seam {

void BindTokens(Napi::Object& exports);
void BindPool(Napi::Object& exports);
void BindObjects(Napi::Object& exports);
void BindAuthority(Napi::Object& exports);
void BindLogon(Napi::Object& exports);
void BindFiles(Napi::Object& exports);
void BindFaults(Napi::Object& exports);
void BindMachine(Napi::Object& exports);
void BindPrograms(Napi::Object& exports);
void BindCom(Napi::Object& exports);

}  // namespace seam
