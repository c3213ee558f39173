#include "call_log.h"

#include <utility>

namespace seam {
namespace {

// The thread that loads the addon first.
const DWORD main_thread = GetCurrentThreadId();

}  // namespace

void CallLog::Add(const char* function, const std::wstring& subject, const Identity& identity, DWORD denied) {
  const DWORD thread = GetCurrentThreadId();
  const std::lock_guard<std::mutex> lock(mutex_);
  records_.push_back(
      {function, subject, thread, thread == main_thread, identity.sid, identity.level, denied});
}

std::vector<Record> CallLog::Take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(records_, {});
}

// Never destroyed: redirected calls are made until the process ends.
CallLog& FileCalls() {
  static CallLog& log = *new CallLog;
  return log;
}

CallLog& AuthorityCalls() {
  static CallLog& log = *new CallLog;
  return log;
}

}  // namespace seam
