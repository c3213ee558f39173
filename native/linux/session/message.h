#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/port/program.h"
#include "core/token.h"
#include "linux/token/linux_token.h"

// What the process of the service and the monitor of a session write to each other. Both are of this version
// of the package.
namespace impersonate::linux_port {

// The monitor's descriptors: the socket to the service's process, the request, and from kFirstStdio on those
// of the program.
constexpr int kMonitorSocket = 3, kMonitorRequest = 4, kFirstStdio = 5;

// The first number of each message of the monitor.
enum class MonitorMessage : int {
  kStarted,  // the program's id
  kFailed,   // an Error
  kSignal,   // the request's number and an errno: the result of a signal
  kEnded,    // a ProgramExit
};

class MessageWriter {
 public:
  template <typename Number, std::enable_if_t<std::is_arithmetic_v<Number> || std::is_enum_v<Number>, int> = 0>
  void operator()(const Number& number) {
    const auto value = static_cast<std::uint64_t>(number);
    for (unsigned i = 0; i < 8; ++i) bytes_.push_back(static_cast<char>(value >> (8 * i)));
  }
  void operator()(const std::string& text) {
    (*this)(text.size());
    bytes_ += text;
  }

  const std::string& bytes() const noexcept { return bytes_; }

 private:
  std::string bytes_;
};

class MessageReader {
 public:
  explicit MessageReader(std::string bytes) : bytes_(std::move(bytes)) {}

  template <typename Number, std::enable_if_t<std::is_arithmetic_v<Number> || std::is_enum_v<Number>, int> = 0>
  void operator()(Number& number) {
    const std::size_t at = Take(8);
    std::uint64_t value = 0;
    for (unsigned i = 0; i < 8; ++i) {
      value |= std::uint64_t{static_cast<unsigned char>(bytes_[at + i])} << (8 * i);
    }
    number = static_cast<Number>(value);
  }
  void operator()(std::string& text) {
    std::uint64_t size = 0;
    (*this)(size);
    text.assign(bytes_, Take(size), size);
  }
  template <typename Value>
  Value Read() {
    Value value{};
    (*this)(value);
    return value;
  }

 private:
  // Returns where the next bytes begin.
  std::size_t Take(std::uint64_t size) {
    if (size > bytes_.size() - next_) throw Error("ERR_INTERNAL", "A message of a session's monitor is cut");
    return std::exchange(next_, next_ + size);
  }

  std::string bytes_;
  std::size_t next_ = 0;
};

// What the monitor needs to know.
struct SessionRequest {
  std::string user;
  Level level = Level::kImpersonation;
  Identity identity{};
  // The descriptors in `stdio` are the monitor's.
  port::ProgramOptions options;
};

std::string ToBytes(const SessionRequest& request);
// Throws Error.
SessionRequest RequestFrom(std::string bytes);

std::string ToBytes(const Error& error);
// The error after the message's first number.
Error ErrorFrom(MessageReader& message);

// Sends a message. Returns false if the other end is closed.
bool Send(int socket, const std::string& bytes) noexcept;
// Receives a message within the milliseconds; -1 for no limit. Empty if the other end is closed. Throws Error
// with the number ETIMEDOUT, for example.
std::string Receive(int socket, int milliseconds);

}  // namespace impersonate::linux_port
