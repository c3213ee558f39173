#pragma once

#include <windows.h>

#include <mutex>
#include <string>
#include <vector>

#include "identity.h"

namespace seam {

// One call that was seen, and who made it by the kernel's own account.
struct Record {
  std::string function;
  // The path, or the account, that was asked for.
  std::wstring subject;
  DWORD thread;
  bool main;
  std::wstring sid;
  int level;
  // The Win32 error it was refused with; 0 if it went on.
  DWORD denied;
};

class Journal {
 public:
  void Note(const char* function, const std::wstring& subject, const Identity& identity, DWORD denied);
  // All so far, oldest first; they are forgotten.
  std::vector<Record> Take();

 private:
  std::mutex mutex_;
  std::vector<Record> records_;
};

// Each of the whole process, as redirected calls come from every thread.
Journal& FileJournal();
Journal& AuthorityJournal();

}  // namespace seam
