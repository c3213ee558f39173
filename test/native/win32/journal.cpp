#include "journal.h"

#include <utility>

namespace seam {
namespace {

// The thread that loads the addon first.
const DWORD main_thread = GetCurrentThreadId();

}  // namespace

void Journal::Note(const char* function, const std::wstring& subject, const Identity& identity,
                   DWORD denied) {
  const DWORD thread = GetCurrentThreadId();
  const std::lock_guard<std::mutex> lock(mutex_);
  records_.push_back(
      {function, subject, thread, thread == main_thread, identity.sid, identity.level, denied});
}

std::vector<Record> Journal::Take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(records_, {});
}

// Never destroyed: redirected calls come until the very end.
Journal& FileJournal() {
  static Journal& journal = *new Journal;
  return journal;
}

Journal& AuthorityJournal() {
  static Journal& journal = *new Journal;
  return journal;
}

}  // namespace seam
