#include "win32/program/environment_block.h"

// After windows.h.
#include <userenv.h>

#include <algorithm>
#include <cstddef>
#include <cwchar>
#include <iterator>
#include <memory>
#include <utility>

#include "win32/last_error.h"
#include "win32/system_library.h"
#include "win32/text.h"

namespace impersonate::win32 {
namespace {

// The same ones as of libuv, which takes them from its own process. The first ones the system has for all
// users.
constexpr const wchar_t* kRequired[] = {
    L"PATH",        L"SYSTEMDRIVE", L"SYSTEMROOT", L"WINDIR",   L"HOMEDRIVE",   L"HOMEPATH",
    L"LOGONSERVER", L"TEMP",        L"USERDOMAIN", L"USERNAME", L"USERPROFILE",
};
constexpr std::ptrdiff_t kOfAllUsers = 4;

// The name may begin with an equals sign, as those of the working directories of drives do.
std::size_t NameLength(const std::wstring& variable) { return variable.find(L'=', 1); }

std::wstring NameOf(const std::wstring& variable) { return variable.substr(0, NameLength(variable)); }

int Compare(const std::wstring& a, const std::wstring& b) {
  const int order =
      CompareStringOrdinal(a.data(), static_cast<int>(a.size()), b.data(), static_cast<int>(b.size()), TRUE);
  if (order == 0) ThrowLastError("CompareStringOrdinal");
  return order - CSTR_EQUAL;
}

const std::wstring* FindIn(const std::vector<std::wstring>& variables, const std::wstring& name) {
  const auto found = std::find_if(variables.begin(), variables.end(),
                                  [&](const std::wstring& one) { return Compare(NameOf(one), name) == 0; });
  return found == variables.end() ? nullptr : &*found;
}

struct BlockFree {
  void operator()(void* block) const noexcept { destroy(block); }
  decltype(&DestroyEnvironmentBlock) destroy;
};

}  // namespace

std::vector<std::wstring> EnvironmentOfUser(HANDLE token) {
  auto* const create =
      SystemFunction<decltype(CreateEnvironmentBlock)>(L"userenv.dll", "CreateEnvironmentBlock");
  auto* const destroy =
      SystemFunction<decltype(DestroyEnvironmentBlock)>(L"userenv.dll", "DestroyEnvironmentBlock");
  void* block = nullptr;
  if (!create(&block, token, FALSE)) ThrowLastError("CreateEnvironmentBlock");
  const std::unique_ptr<void, BlockFree> owned(block, BlockFree{destroy});
  std::vector<std::wstring> variables;
  for (const auto* next = static_cast<const wchar_t*>(block); *next != L'\0'; next += std::wcslen(next) + 1) {
    variables.emplace_back(next);
  }
  return variables;
}

EnvironmentBlock::EnvironmentBlock(const std::vector<std::string>& given, HANDLE token) {
  for (const std::string& text : given) {
    std::wstring variable = ToLongWide(text);
    if (NameLength(variable) != std::wstring::npos) variables_.push_back(std::move(variable));
  }
  AddRequired(token);
  std::stable_sort(variables_.begin(), variables_.end(), [](const std::wstring& a, const std::wstring& b) {
    return Compare(NameOf(a), NameOf(b)) < 0;
  });
  for (const std::wstring& variable : variables_) block_.append(variable).push_back(L'\0');
  // Two NULs even if there is no variable.
  block_.append(2, L'\0');
}

void EnvironmentBlock::AddRequired(HANDLE token) {
  std::vector<std::wstring> missing;
  const auto* const end = token == nullptr ? kRequired + kOfAllUsers : std::end(kRequired);
  std::copy_if(std::begin(kRequired), end, std::back_inserter(missing),
               [&](const wchar_t* name) { return FindIn(variables_, name) == nullptr; });
  if (missing.empty()) return;
  const std::vector<std::wstring> login = EnvironmentOfUser(token);
  for (const std::wstring& name : missing) {
    if (const std::wstring* variable = FindIn(login, name)) variables_.push_back(*variable);
  }
}

std::wstring EnvironmentBlock::Find(const std::wstring& name) const {
  const std::wstring* const variable = FindIn(variables_, name);
  return variable == nullptr ? std::wstring() : variable->substr(NameLength(*variable) + 1);
}

}  // namespace impersonate::win32
