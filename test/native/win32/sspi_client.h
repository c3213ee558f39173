#pragma once

#include <optional>
#include <string>

#include <windows.h>

namespace seam {

// What a client of the test authority sends, as text:
//   "SEAM?"                        asks for a challenge first; kChallenge is the answer
//   "SEAM <level> user:password"   the proof, in the first leg or after the challenge
// The level is how far the client lets the server go: identification, impersonation or delegation. The user
// is "name@domain", or "name" for an account of this computer.
constexpr char kAskForChallenge[] = "SEAM?";
constexpr char kChallenge[] = "SEAM-CHALLENGE";
constexpr char kAccepted[] = "SEAM-ACCEPTED";

struct ClientProof {
  std::wstring user;
  std::wstring password;
  SECURITY_IMPERSONATION_LEVEL level;
};

// None if it is not a proof.
std::optional<ClientProof> ParseProof(const std::string& message);

}  // namespace seam
