#pragma once

#include <string>

#include "core/port.h"
#include "win32/handle.h"

namespace impersonate::win32 {

// A network logon of the user without a password (LsaLogonUser): MSV1_0_S4U_LOGON for a user of this
// computer, KERB_S4U_LOGON for one of a domain, which may wait for a domain controller. An impersonation
// token, of whatever level the authority gives the process.
UniqueHandle LogOnForUser(const std::string& name, port::UserSource source);

}  // namespace impersonate::win32
