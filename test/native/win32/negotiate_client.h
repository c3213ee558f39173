#pragma once

#include <windows.h>
// After windows.h.
#define SECURITY_WIN32
#include <security.h>

#include <string>
#include <vector>

#include "secret.h"

namespace seam {

// The client's side of Integrated Authentication, of the system: InitializeSecurityContextW with a user's
// name and password.
class NegotiateClient {
 public:
  // With `identify` the server may only inspect the client's token. Throws the SECURITY_STATUS of a failure.
  NegotiateClient(std::wstring package, std::wstring user, std::wstring domain, Secret& password,
                  bool identify);
  ~NegotiateClient();
  NegotiateClient(const NegotiateClient&) = delete;
  NegotiateClient& operator=(const NegotiateClient&) = delete;

  // Takes the server's reply, at first none, and returns the next message; empty at the end.
  std::vector<BYTE> Step(std::vector<BYTE> reply);

 private:
  CredHandle credentials_{};
  CtxtHandle context_{};
  bool started_ = false;
  ULONG requirements_;
};

}  // namespace seam
