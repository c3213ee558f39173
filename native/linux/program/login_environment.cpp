#include <cstddef>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/port/program.h"
#include "linux/token/linux_token.h"
#include "linux/token/passwd.h"

namespace impersonate::port {
namespace {

using Variables = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kBlanks = " \t\r";

std::string Trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

void Set(Variables& variables, const std::string& name, const std::string& value) {
  for (auto& [known, old] : variables) {
    if (known == name) {
      old = value;
      return;
    }
  }
  variables.emplace_back(name, value);
}

// The setting's value in /etc/login.defs; empty if there is none.
std::string LoginSetting(const std::string& name) {
  std::ifstream file("/etc/login.defs");
  std::string value;
  for (std::string line; std::getline(file, line);) {
    line = Trimmed(line);
    const std::size_t end = line.find_first_of(kBlanks);
    if (end != std::string::npos && line.compare(0, end, name) == 0) value = Trimmed(line.substr(end));
  }
  return value;
}

// ENV_PATH and ENV_SUPATH, which may be written with the name of the variable.
std::string LoginPath(bool is_root) {
  const std::string prefix = "PATH=";
  std::string path = LoginSetting(is_root ? "ENV_SUPATH" : "ENV_PATH");
  if (path.compare(0, prefix.size(), prefix) == 0) path.erase(0, prefix.size());
  if (!path.empty()) return path;
  return is_root ? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
                 : "/usr/local/bin:/usr/bin:/bin";
}

std::string Unquoted(const std::string& value) {
  const bool quoted =
      value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front();
  return quoted ? value.substr(1, value.size() - 2) : value;
}

// The settings of a file that pam_env reads for every login.
void AddFile(Variables& variables, const char* path) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::string exported = "export ";
    line = Trimmed(line);
    if (line.compare(0, exported.size(), exported) == 0) line = Trimmed(line.substr(exported.size()));
    const std::size_t end = line.find('=');
    if (line.empty() || line.front() == '#' || end == std::string::npos || end == 0) continue;
    Set(variables, line.substr(0, end), Unquoted(line.substr(end + 1)));
  }
}

}  // namespace

std::vector<std::string> LoginEnvironment(const Token& token) {
  const uid_t uid = linux_port::LinuxToken::From(token).identity().uid;
  const std::optional<linux_port::PasswdEntry> account = linux_port::FindUserByUid(uid);
  const std::string name = account ? account->name : std::to_string(uid);
  const auto or_else = [](const std::string& value, const char* other) {
    return value.empty() ? std::string(other) : value;
  };
  Variables variables;
  Set(variables, "PATH", LoginPath(uid == 0));
  AddFile(variables, "/etc/environment");
  Set(variables, "HOME", or_else(account ? account->home : "", "/"));
  Set(variables, "SHELL", or_else(account ? account->shell : "", "/bin/sh"));
  Set(variables, "USER", name);
  Set(variables, "LOGNAME", name);
  std::vector<std::string> environment;
  for (const auto& [variable, value] : variables) environment.push_back(variable + "=" + value);
  return environment;
}

}  // namespace impersonate::port
