#include "core/error.h"

#include <cstdio>
#include <cstdlib>

namespace impersonate {

void Print(const std::string& message) noexcept {
  if (message.empty()) return;
  std::fputs(message.c_str(), stderr);
  std::fputs("\n", stderr);
  std::fflush(stderr);
}

void Abort(const std::string& message) noexcept {
  Print("impersonate: " + message);
  std::abort();
}

void Exit(const std::string& message, int exit_code) noexcept {
  Print(message);
  std::_Exit(exit_code);
}

}  // namespace impersonate
