#pragma once

#include <napi.h>

// The functions of types/native.d.ts by subject, each in a file of that name. Every function adds its part to
// the exports of the addon.
namespace impersonate {

// initialize, changeCredentials.
void ExportProcessFunctions(Napi::Env env, Napi::Object exports);
// Starts libuv's pool threads at once, with the process's identity: on Linux a thread that is started inside
// a scope would have the user's for good.
void StartPoolThreads(Napi::Env env);

// Everything that makes, derives, describes, shares, counts or closes tokens, and lookupAccount.
void ExportTokenFunctions(Napi::Env env, Napi::Object exports);
// prepareLogon, logon, forgetLogon.
void ExportLogonFunctions(Napi::Env env, Napi::Object exports);
// The server's side of a handshake: credentials and contexts.
void ExportNegotiateFunctions(Napi::Env env, Napi::Object exports);
// Tokens of peers, and named pipes.
void ExportPeerFunctions(Napi::Env env, Napi::Object exports);
// enter, leave, isOpen, leaveAll, reportLeak, currentToken, runSync, runAtBaseline, pinThread,
// callInterruptible, scopeState.
void ExportScopeFunctions(Napi::Env env, Napi::Object exports);
// startFs, fsSync, fsHere, fsCalls, and descriptors.
void ExportFsFunctions(Napi::Env env, Napi::Object exports);

}  // namespace impersonate
