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
  template <typename Number,
            std::enable_if_t<std::is_arithmetic_v<Number> || std::is_enum_v<Number>, int> = 0>
  void operator()(const Number& number) {
    WriteNumber(static_cast<std::uint64_t>(number));
  }
  void operator()(const std::string& text);

  const std::string& bytes() const noexcept { return bytes_; }

 private:
  void WriteNumber(std::uint64_t number);

  std::string bytes_;
};

class MessageReader {
 public:
  explicit MessageReader(std::string bytes) : bytes_(std::move(bytes)) {}

  template <typename Number,
            std::enable_if_t<std::is_arithmetic_v<Number> || std::is_enum_v<Number>, int> = 0>
  void operator()(Number& number) {
    number = static_cast<Number>(ReadNumber());
  }
  void operator()(std::string& text);
  template <typename Value>
  Value Read() {
    Value value{};
    (*this)(value);
    return value;
  }

 private:
  std::uint64_t ReadNumber();
  // Returns where the next bytes begin. Throws Error if there are fewer.
  std::size_t Take(std::uint64_t size);

  const std::string bytes_;
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
