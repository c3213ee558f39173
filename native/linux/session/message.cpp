#include "linux/session/message.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>

#include "linux/errno_error.h"

namespace impersonate::linux_port {
namespace {

constexpr unsigned kNumberSize = 8;

template <typename Archive, typename Item>
void Describe(Archive& archive, std::vector<Item>& items);

template <typename Archive, typename Value, std::enable_if_t<std::is_invocable_v<Archive&, Value&>, int> = 0>
void Describe(Archive& archive, Value& value) {
  archive(value);
}

template <typename Archive>
void Describe(Archive& archive, port::ProgramStdio& stdio) {
  archive(stdio.kind);
  archive(stdio.descriptor);
}

template <typename Archive>
void Describe(Archive& archive, port::ResourceLimit& limit) {
  archive(limit.resource);
  archive(limit.soft);
  archive(limit.hard);
}

template <typename Archive, typename Value>
void Describe(Archive& archive, std::optional<Value>& value) {
  bool has_value = value.has_value();
  archive(has_value);
  if (!has_value) return;
  if (!value) value.emplace();
  Describe(archive, *value);
}

template <typename Archive, typename Item>
void Describe(Archive& archive, std::vector<Item>& items) {
  std::uint64_t size = items.size();
  archive(size);
  items.resize(size);
  for (Item& item : items) Describe(archive, item);
}

// All that is written and read: one list for both directions. Windows' options have no effect here.
template <typename Archive>
void Describe(Archive& archive, SessionRequest& request) {
  archive(request.user);
  archive(request.level);
  archive(request.identity.uid);
  archive(request.identity.gid);
  Describe(archive, request.identity.groups);
  archive(request.identity.capabilities);
  archive(request.identity.restricted);
  port::ProgramOptions& options = request.options;
  archive(options.file);
  Describe(archive, options.arguments);
  Describe(archive, options.cwd);
  Describe(archive, options.environment);
  Describe(archive, options.stdio);
  archive(options.detached);
  archive(options.tree);
  Describe(archive, options.no_new_privileges);
  Describe(archive, options.limits);
  if (!options.session) options.session.emplace();
  archive(options.session->service);
  archive(options.session->keeps_environment);
}

}  // namespace

void MessageWriter::WriteNumber(std::uint64_t number) {
  for (unsigned i = 0; i < kNumberSize; ++i) bytes_.push_back(static_cast<char>(number >> (8 * i)));
}

void MessageWriter::operator()(const std::string& text) {
  WriteNumber(text.size());
  bytes_ += text;
}

std::uint64_t MessageReader::ReadNumber() {
  const std::size_t at = Take(kNumberSize);
  std::uint64_t number = 0;
  for (unsigned i = 0; i < kNumberSize; ++i) {
    number |= std::uint64_t{static_cast<unsigned char>(bytes_[at + i])} << (8 * i);
  }
  return number;
}

void MessageReader::operator()(std::string& text) {
  const std::uint64_t size = ReadNumber();
  text.assign(bytes_, Take(size), size);
}

std::size_t MessageReader::Take(std::uint64_t size) {
  if (size > bytes_.size() - next_) throw Error("ERR_INTERNAL", "A message of a session's monitor is cut");
  return std::exchange(next_, next_ + size);
}

std::string ToBytes(const SessionRequest& request) {
  SessionRequest copy = request;
  MessageWriter writer;
  Describe(writer, copy);
  return writer.bytes();
}

SessionRequest RequestFrom(std::string bytes) {
  MessageReader reader(std::move(bytes));
  SessionRequest request;
  Describe(reader, request);
  return request;
}

std::string ToBytes(const Error& error) {
  MessageWriter writer;
  writer(MonitorMessage::kFailed);
  writer(error.code());
  writer(error.number());
  writer(error.syscall());
  writer(std::string(error.what()));
  return writer.bytes();
}

Error ErrorFrom(MessageReader& message) {
  const auto code = message.Read<std::string>();
  const auto number = message.Read<int>();
  const auto syscall = message.Read<std::string>();
  return Error(code, number, syscall, message.Read<std::string>());
}

bool Send(int socket, const std::string& bytes) noexcept {
  ssize_t sent = -1;
  do {
    sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

std::string Receive(int socket, int milliseconds) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::milliseconds(milliseconds);
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count() + 1;
    pollfd readable{socket, POLLIN, 0};
    const int ready = ::poll(&readable, 1, milliseconds < 0 ? -1 : left > 0 ? static_cast<int>(left) : 0);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) throw ErrnoError(errno, "poll");
    if (ready == 0) throw ErrnoError(ETIMEDOUT, "poll");
    constexpr std::size_t kMost = 64 * 1024;
    std::string bytes(kMost, '\0');
    const ssize_t size = ::recv(socket, bytes.data(), bytes.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    // The process at the other end was ended with messages unread.
    if (size < 0 && errno != ECONNRESET) throw ErrnoError(errno, "recv");
    bytes.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return bytes;
  }
}

}  // namespace impersonate::linux_port
