#include "sspi_client.h"

#include "text.h"

namespace seam {
namespace {

std::optional<SECURITY_IMPERSONATION_LEVEL> ParseLevel(const std::string& name) {
  if (name == "anonymous") return SecurityAnonymous;
  if (name == "identification") return SecurityIdentification;
  if (name == "impersonation") return SecurityImpersonation;
  if (name == "delegation") return SecurityDelegation;
  return std::nullopt;
}

}  // namespace

ClientMessage ParseMessage(const std::string& message) {
  const std::string start = "SEAM";
  const bool known = message.compare(0, start.size(), start) == 0 && message.size() > start.size();
  const char mark = known ? message[start.size()] : '\0';
  if (mark != '!' && mark != '~') return {message};
  return {start + message.substr(start.size() + 1), mark == '!', mark == '~'};
}

std::optional<ClientProof> ParseProof(const std::string& message) {
  const std::string start = "SEAM ";
  if (message.compare(0, start.size(), start) != 0) return std::nullopt;
  const size_t space = message.find(' ', start.size());
  if (space == std::string::npos) return std::nullopt;
  const size_t colon = message.find(':', space + 1);
  if (colon == std::string::npos) return std::nullopt;
  const auto level = ParseLevel(message.substr(start.size(), space - start.size()));
  if (!level) return std::nullopt;
  const size_t end = message.find(kBindings, colon);
  const bool bound = end != std::string::npos;
  return ClientProof{Wide(message.substr(space + 1, colon - space - 1)),
                     Wide(message.substr(colon + 1, bound ? end - colon - 1 : end)), *level,
                     bound ? message.substr(end + sizeof kBindings - 1) : std::string()};
}

}  // namespace seam
