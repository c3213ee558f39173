#include "core/token.h"

#include "core/error.h"

namespace impersonate {

void RequireLevelForWork(const Token& token) {
  if (token.level() >= Level::kImpersonation) return;
  throw Error(
      "ERR_TOKEN_LEVEL",
      "The token's impersonation level lets it be looked at, not acted as. Token.forUser gives more to a "
      "process with SeTcbPrivilege, such as one of LocalSystem's; Token.logon gives more for a password");
}

}  // namespace impersonate
