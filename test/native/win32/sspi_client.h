#pragma once

#include <optional>
#include <string>

#include <windows.h>

namespace seam {

// What a client of the test authority sends, as text:
//   "SEAM?"                        asks for a challenge first; kChallenge is the answer
//   "SEAM <level> user:password"   the proof, in the first leg or after the challenge
// The level is how far the client lets the server go: anonymous, identification, impersonation or delegation.
// The user is "name@domain", or "name" for an account of this computer.
// "SEAM!" instead of "SEAM": the answer is in small letters until CompleteAuthToken has been called. "SEAM~":
// the authority takes a third of a second over it.
constexpr char kAskForChallenge[] = "SEAM?";
constexpr char kChallenge[] = "SEAM-CHALLENGE";
constexpr char kAccepted[] = "SEAM-ACCEPTED";

struct ClientProof {
  std::wstring user;
  std::wstring password;
  SECURITY_IMPERSONATION_LEVEL level;
};

struct ClientMessage {
  std::string text;  // as if it had begun with "SEAM"
  bool complete = false;
  bool slow = false;
};

ClientMessage ParseMessage(const std::string& message);

// None if it is not a proof.
std::optional<ClientProof> ParseProof(const std::string& message);

}  // namespace seam
