#pragma once

#include <cstdint>

// COM of Windows.
namespace impersonate::port {

// What the proxies of the process do unless CoSetProxyBlanket tells them otherwise, by the numbers of
// RPC_C_AUTHN_LEVEL_ and RPC_C_IMP_LEVEL_.
struct ComSecurity {
  // Whether each call is made as the thread's user, or as the user of the proxy's first call.
  bool dynamic_cloaking = true;
  std::uint32_t authentication = 0, level = 0;
};

// Sets it for the process, once. Throws Error with the name of the HRESULT; RPC_E_TOO_LATE if it is set.
void InitializeComSecurity(const ComSecurity& security);

}  // namespace impersonate::port
