#include "core/port/diagnosis.h"

#include <windows.h>

#include <string>
#include <vector>

#include "win32/last_error.h"

namespace impersonate::port {

std::vector<Fact> ProcessFacts() {
  DWORD session = 0;
  if (!ProcessIdToSessionId(GetCurrentProcessId(), &session)) win32::ThrowLastError("ProcessIdToSessionId");
  BOOL job = FALSE;
  if (!IsProcessInJob(GetCurrentProcess(), nullptr, &job)) win32::ThrowLastError("IsProcessInJob");
  return {{"session", std::to_string(session)}, {"job", job ? "yes" : ""}};
}

}  // namespace impersonate::port
