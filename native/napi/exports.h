#pragma once

#include <napi.h>

// Add the functions of types/native.d.ts to the exports of the addon, by subject. Each is defined in the file
// of that name.
namespace impersonate {

// initialize, changeCredentials, dropPrivileges, initializeComSecurity, processFacts.
void ExportProcessFunctions(Napi::Env env, Napi::Object exports);
// Starts libuv's pool threads immediately, with the process identity: on Linux a thread that is started
// inside a scope keeps the user's identity.
void StartPoolThreads(Napi::Env env);

// Everything that makes, derives, describes, shares, counts or closes tokens, and lookupAccount.
void ExportTokenFunctions(Napi::Env env, Napi::Object exports);
// prepareLogon, logon, forgetLogon.
void ExportLogonFunctions(Napi::Env env, Napi::Object exports);
// Both sides of a handshake: credentials and contexts; withCredential and tokenDelegation.
void ExportNegotiateFunctions(Napi::Env env, Napi::Object exports);
// serviceTickets, freeTickets, writeTickets, removeTickets.
void ExportTicketFunctions(Napi::Env env, Napi::Object exports);
// Tokens of peers, and named pipes.
void ExportPeerFunctions(Napi::Env env, Napi::Object exports);
// enter, leave, isOpen, leaveAll, reportLeak, currentToken, runSync, runAtBaseline, pinThread,
// callInterruptible, scopeState.
void ExportScopeFunctions(Napi::Env env, Napi::Object exports);
// loadProfile, unloadProfile, knownFolder.
void ExportProfileFunctions(Napi::Env env, Napi::Object exports);
// startFs, fsSync, fsHere, fsCalls, and descriptors.
void ExportFsFunctions(Napi::Env env, Napi::Object exports);
// The functions of types/native-program.d.ts.
void ExportProgramFunctions(Napi::Env env, Napi::Object exports);

}  // namespace impersonate
