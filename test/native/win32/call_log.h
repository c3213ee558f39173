#pragma once

#include <windows.h>

#include <mutex>
#include <string>
#include <vector>

#include "identity.h"

namespace seam {

// A redirected call, with the identity of its thread as the kernel reports it.
struct Record {
  std::string function;
  // The path or the account.
  std::wstring subject;
  DWORD thread;
  bool main;
  std::wstring sid;
  int level;
  // The Win32 error with which the call was denied; 0 if it was allowed.
  DWORD denied;
};

class CallLog {
 public:
  void Add(const char* function, const std::wstring& subject, const Identity& identity, DWORD denied);
  // Removes and returns all records, oldest first.
  std::vector<Record> Take();

 private:
  std::mutex mutex_;
  std::vector<Record> records_;
};

// One log of each kind for the process, as redirected calls are made on every thread.
CallLog& FileCalls();
CallLog& AuthorityCalls();

}  // namespace seam
