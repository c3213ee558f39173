#include "win32/token/integrity.h"

#include "win32/last_error.h"
#include "win32/sid.h"

namespace impersonate::win32 {
namespace {

struct IntegrityLevel {
  const char* name;
  DWORD rid;
};

constexpr IntegrityLevel kLevels[] = {
    {"untrusted", SECURITY_MANDATORY_UNTRUSTED_RID}, {"low", SECURITY_MANDATORY_LOW_RID},
    {"medium", SECURITY_MANDATORY_MEDIUM_RID},       {"high", SECURITY_MANDATORY_HIGH_RID},
    {"system", SECURITY_MANDATORY_SYSTEM_RID},
};

Sid IntegritySid(const std::string& name) {
  for (const IntegrityLevel& level : kLevels) {
    if (name == level.name) return Sid::Parse("S-1-16-" + std::to_string(level.rid));
  }
  throw InvalidArgument("'" + name + "' is not an integrity level");
}

}  // namespace

void SetIntegrity(HANDLE token, const std::string& name) {
  const Sid sid = IntegritySid(name);
  TOKEN_MANDATORY_LABEL label{{sid.get(), SE_GROUP_INTEGRITY}};
  if (!SetTokenInformation(token, TokenIntegrityLevel, &label,
                           static_cast<DWORD>(sizeof label) + sid.size())) {
    ThrowLastError("SetTokenInformation");
  }
}

}  // namespace impersonate::win32
