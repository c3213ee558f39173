#pragma once

#include <string>
#include <vector>

namespace impersonate {

// A fact about the process, by the name that types/native.d.ts has for it.
struct Fact {
  std::string name;
  std::string text;
};

}  // namespace impersonate

namespace impersonate::port {

// What decides which identities the process can take, as far as JavaScript cannot find it out. Call it as the
// process; it may block for the user database. Throws `Error`.
std::vector<Fact> ProcessFacts();

}  // namespace impersonate::port
