#include "file_access.h"

#include <memory>
#include <mutex>

#include "call_failed.h"
#include "call_log.h"
#include "identity.h"
#include "security_text.h"
#include "text.h"

namespace seam {
namespace {

struct Rule {
  std::wstring path;
  std::shared_ptr<void> descriptor;
};

// One for the process, and never destroyed, as redirected calls are made on every thread until the process
// ends.
struct Rules {
  std::mutex mutex;
  std::vector<Rule> list;
};

Rules& TheRules() {
  static Rules& rules = *new Rules;
  return rules;
}

// Absolute, without a verbatim prefix or a trailing separator.
std::wstring NormalPath(std::wstring path) {
  if (path.compare(0, 4, L"\\\\?\\") == 0) path.erase(0, 4);
  std::wstring full(GetFullPathNameW(path.c_str(), 0, nullptr, nullptr), L'\0');
  full.resize(GetFullPathNameW(path.c_str(), static_cast<DWORD>(full.size()), full.data(), nullptr));
  while (!full.empty() && full.back() == L'\\') full.pop_back();
  return full;
}

bool Covers(const std::wstring& rule, const std::wstring& path) {
  if (path.size() < rule.size() || !EqualText(path.substr(0, rule.size()), rule)) return false;
  return path.size() == rule.size() || path[rule.size()] == L'\\';
}

std::shared_ptr<void> FindRule(const std::wstring& path) {
  Rules& rules = TheRules();
  const std::lock_guard<std::mutex> lock(rules.mutex);
  const Rule* best = nullptr;
  for (const Rule& rule : rules.list) {
    if (Covers(rule.path, path) && (best == nullptr || rule.path.size() >= best->path.size())) best = &rule;
  }
  return best != nullptr ? best->descriptor : nullptr;
}

// AccessCheck takes impersonation tokens only.
Handle CheckableCopy(HANDLE primary) {
  HANDLE copy = nullptr;
  if (!DuplicateTokenEx(primary, TOKEN_QUERY, nullptr, SecurityIdentification, TokenImpersonation, &copy)) {
    ThrowLastError("DuplicateTokenEx");
  }
  return Handle(copy);
}

DWORD CheckAccess(void* descriptor, const EffectiveToken& token, DWORD access) {
  // Wine stores the level but ignores it; Windows opens nothing below level Impersonation.
  if (token.of_thread && token.level < SecurityImpersonation) return ERROR_BAD_IMPERSONATION_LEVEL;
  const Handle copy = token.of_thread ? nullptr : CheckableCopy(token.handle.get());
  GENERIC_MAPPING mapping{FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS};
  MapGenericMask(&access, &mapping);
  PRIVILEGE_SET privileges{};
  DWORD size = sizeof privileges;
  DWORD granted = 0;
  BOOL allowed = FALSE;
  if (!AccessCheck(descriptor, copy ? copy.get() : token.handle.get(), access, &mapping, &privileges, &size,
                   &granted, &allowed)) {
    ThrowLastError("AccessCheck");
  }
  return allowed ? ERROR_SUCCESS : ERROR_ACCESS_DENIED;
}

}  // namespace

void AddFileRule(const std::wstring& path, const std::wstring& sddl) {
  Rule rule{NormalPath(path), ParseSddl(sddl)};
  Rules& rules = TheRules();
  const std::lock_guard<std::mutex> lock(rules.mutex);
  rules.list.push_back(std::move(rule));
}

void ForgetFileRules() {
  Rules& rules = TheRules();
  const std::lock_guard<std::mutex> lock(rules.mutex);
  rules.list.clear();
}

bool CheckFileAccess(const char* function, const wchar_t* path, DWORD access) {
  const DWORD error_before = GetLastError();
  const BOOL permitted = ReturnWin32Bool([&]() -> DWORD {
    const std::wstring subject = path != nullptr ? path : L"";
    const EffectiveToken token = OpenEffectiveToken(TOKEN_QUERY | TOKEN_DUPLICATE);
    const std::shared_ptr<void> descriptor = FindRule(NormalPath(subject));
    const DWORD denied = descriptor ? CheckAccess(descriptor.get(), token, access) : ERROR_SUCCESS;
    FileCalls().Add(function, subject, DescribeToken(token), denied);
    return denied;
  });
  if (permitted) SetLastError(error_before);
  return permitted != FALSE;
}

}  // namespace seam
