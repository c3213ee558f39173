#pragma once

#include <optional>
#include <string>

#include <windows.h>

namespace seam {

// The messages that a client sends to the test authority, as text:
//   "SEAM?"                        requests a challenge; the reply is kChallenge
//   "SEAM <level> user:password"   the proof, in the first message or after the challenge
// The level is the highest one at which the server may impersonate the client: anonymous, identification,
// impersonation or delegation. The user is "name@domain", or "name" for an account of this computer.
// A proof may end with kBindings and the client's channel bindings.
// With "SEAM!" instead of "SEAM" the reply is in lower case until CompleteAuthToken has been called. With
// "SEAM~" the authority takes a third of a second to process the message.
constexpr char kChallengeRequest[] = "SEAM?";
constexpr char kChallenge[] = "SEAM-CHALLENGE";
constexpr char kAccepted[] = "SEAM-ACCEPTED";
constexpr char kBindings[] = "\nbindings=";

struct ClientProof {
  std::wstring user;
  std::wstring password;
  SECURITY_IMPERSONATION_LEVEL level;
  // In hexadecimal; empty for none.
  std::string bindings;
};

struct ClientMessage {
  std::string text;  // with "SEAM" at the beginning, without the mark
  bool complete = false;
  bool slow = false;
};

ClientMessage ParseMessage(const std::string& message);

// None if the message is not a proof.
std::optional<ClientProof> ParseProof(const std::string& message);

}  // namespace seam
