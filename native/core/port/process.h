#pragma once

#include <string>
#include <vector>

#include "core/error.h"

namespace impersonate {

// Every copy of the addon exports a C function of this name and type. It returns the path of the copy's file
// in UTF-8 once the copy serves the process, and null before. Copies of other versions find each other by it:
// neither the name nor the type may ever change.
inline constexpr char kServingCopy[] = "impersonate_serving_copy";
using ServingCopy = const char* (*)();

inline Error SecondCopyError(const std::string& refused, const std::string& serving) {
  return Error(
      "ERR_SECOND_COPY",
      "This process already uses the copy of impersonate at " + serving + ". The copy at " + refused +
          " does not load: two copies do not see each other's scopes. Have one only, by `npm dedupe`, "
          "or by naming impersonate in the peerDependencies of the packages that use it");
}

}  // namespace impersonate

// The process as a whole. Every function throws `Error` unless it says otherwise.
namespace impersonate::port {

// "win32", "linux" or "unsupported".
const char* Name() noexcept;

// The path of this addon's file in UTF-8, as it was loaded; empty if the port does not know it.
std::string OwnPath();

// Whether the program has more rights than the user who started it (AT_SECURE), in which case Node ignores
// its environment variables.
bool IsSecureExecution() noexcept;

// Called before Init. Throws ERR_SECOND_COPY, with the paths of both, if another copy of the addon serves
// this process, on any thread and of any version: each copy knows only the scopes that it has opened.
void ClaimProcess();

// Called once per process, before anything else, by the first thread that loads the addon. Throws if
// impersonation cannot be made safe in this process.
void Init(unsigned node_major);

// Keeps every thread from entering a scope while it lives, for a change of the process's own credentials.
// Throws ERR_SCOPE_ACTIVE if any thread is in a scope. Afterwards the new credentials are the process's.
class CredentialChange {
 public:
  CredentialChange();
  ~CredentialChange();
  CredentialChange(const CredentialChange&) = delete;
  CredentialChange& operator=(const CredentialChange&) = delete;
};

// Removes all capabilities or privileges but these from the process, on every thread and for good, and reads
// them back. Throws Error if nothing has been changed; aborts the process if only a part was removed. Called
// as the process, with a CredentialChange. Throws ERR_INVALID_ARG_VALUE for an unknown name.
void DropPrivileges(const std::vector<std::string>& keep);

}  // namespace impersonate::port
