#include "objects.h"

#include <mutex>
#include <vector>

#include "call_failed.h"
#include "security_text.h"

namespace seam {
namespace {

// One for the process: one thread makes an object, others try to open it.
struct Objects {
  std::mutex mutex;
  std::vector<Handle> open;
};

Objects& TheObjects() {
  static Objects objects;
  return objects;
}

}  // namespace

void CreateObject(const std::wstring& name, const std::wstring& sddl) {
  const Descriptor descriptor = ParseSddl(sddl);
  SECURITY_ATTRIBUTES attributes{sizeof attributes, descriptor.get(), FALSE};
  Handle event(CreateEventW(&attributes, TRUE, FALSE, name.c_str()));
  const DWORD error = GetLastError();
  if (!event || error == ERROR_ALREADY_EXISTS) throw CallFailed("CreateEventW", error);
  Objects& objects = TheObjects();
  const std::lock_guard<std::mutex> lock(objects.mutex);
  objects.open.push_back(std::move(event));
}

DWORD OpenObject(const std::wstring& name) {
  const Handle event(OpenEventW(SYNCHRONIZE, FALSE, name.c_str()));
  return event ? ERROR_SUCCESS : GetLastError();
}

void CloseObjects() {
  Objects& objects = TheObjects();
  const std::lock_guard<std::mutex> lock(objects.mutex);
  objects.open.clear();
}

}  // namespace seam
