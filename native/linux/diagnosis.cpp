#include "core/port/diagnosis.h"

#include <sys/prctl.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"
#include "linux/credentials/capabilities.h"
#include "linux/credentials/reserved_uid.h"
#include "linux/pam/pam_library.h"

namespace impersonate::port {
namespace {

using linux_port::CapabilityNames;

// The capabilities that a program of the process can ever gain.
std::uint64_t BoundingSet() {
  std::uint64_t set = 0;
  for (unsigned long bit = 0; bit < 64; ++bit) {
    if (::prctl(PR_CAPBSET_READ, bit, 0UL, 0UL, 0UL) == 1) set |= std::uint64_t{1} << bit;
  }
  return set;
}

// The text of the error that `get` throws; empty if there is none.
template <typename Get>
std::string ProblemOf(Get get) {
  try {
    get();
    return {};
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

std::vector<Fact> ProcessFacts() {
  const linux_port::Capabilities held = linux_port::ReadCapabilities();
  std::vector<Fact> facts = {
      {"effective", CapabilityNames(held.effective)},
      {"permitted", CapabilityNames(held.permitted)},
      {"inheritable", CapabilityNames(held.inheritable)},
      {"bounding", CapabilityNames(BoundingSet())},
      {"ambient", CapabilityNames(held.ambient)},
      {"securebits", std::to_string(::prctl(PR_GET_SECUREBITS))},
      {"pamProblem", ProblemOf([] { linux_port::PamLibrary::Get(); })},
  };
  const std::string problem = ProblemOf([] { linux_port::ReservedUid(); });
  facts.push_back({"reservedUid", problem.empty() ? std::to_string(linux_port::ReservedUid()) : ""});
  facts.push_back({"reservedUidProblem", problem});
  return facts;
}

}  // namespace impersonate::port
