// Drives native/core, native/linux, native/fs and native/pool from many threads at once, without Node.js: to
// be built with -fsanitize=thread and run as root, with an empty folder for its files. Each thread reads its
// identity from the kernel after each step. An error is written to standard error, and the program ends with
// 1.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/port/process.h"
#include "core/port/thread.h"
#include "core/port/token.h"
#include "core/scope_stack.h"
#include "core/ticket_registry.h"
#include "core/token_table.h"
#include "fs/call.h"
#include "linux/credentials/process_credentials.h"
#include "linux/credentials/system_calls.h"
#include "linux/token/linux_token.h"
#include "pool/user_threads.h"

namespace {

using namespace impersonate;
using linux_port::LinuxToken;
using Random = std::minstd_rand;

constexpr uid_t kFirstUser = 50001;
constexpr std::size_t kUsers = 4;
// The effective uid to which the process changes temporarily; its saved uid stays 0.
constexpr uid_t kLowered = 50009;
constexpr std::size_t kThreads = 6;

std::string folder;  // set before any thread begins
std::atomic<std::size_t> scopes{0}, jobs{0}, changes{0}, refusals{0}, threads_begun{0};

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::_Exit(1);
}

void Expect(bool holds, const char* what) {
  if (!holds) Fail(std::string("wrong: ") + what + ", euid " + std::to_string(linux_port::raw::GetEuid()));
}

uid_t UserOf(std::size_t index) { return kFirstUser + static_cast<uid_t>(index); }

TokenRef MakeToken(std::size_t index) {
  const uid_t user = UserOf(index);
  return std::make_shared<LinuxToken>(LinuxToken::Source::kUser, Level::kImpersonation,
                                      linux_port::Identity{user, user, {user, user + 100}, 0});
}

uid_t UserOf(const Token& token) { return LinuxToken::From(token).identity().uid; }

void ExpectUser(const Token& token, const char* where) {
  Expect(linux_port::raw::GetEuid() == UserOf(token), where);
  Expect(linux_port::raw::SetFsUid(linux_port::raw::kSameUid) == UserOf(token), where);
}

void ExpectProcess(const char* where) {
  const uid_t user = linux_port::raw::GetEuid();
  Expect(user == 0 || user == kLowered, where);
}

// The tokens that all threads use, by ids that are closed and replaced all the time.
class Shared {
 public:
  Shared() {
    for (std::size_t i = 0; i < kUsers; ++i) ids_[i] = TokenTable::Get().Add(MakeToken(i));
  }

  // Null if another thread has just closed it.
  std::pair<std::int32_t, TokenRef> Any(Random& random) {
    const std::size_t index = random() % kUsers;
    const std::lock_guard<std::mutex> lock(mutex_);
    return {ids_[index], TokenTable::Get().Find(ids_[index])};
  }

  void Renew(Random& random) {
    const std::size_t index = random() % kUsers;
    const std::int32_t next = TokenTable::Get().Add(MakeToken(index));
    std::int32_t old;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      old = std::exchange(ids_[index], next);
    }
    const TokenRef closed = TokenTable::Get().Close(old);
    Expect(closed != nullptr && !closed->is_owned(), "a token that was open");
    Expect(!TokenTable::Get().Close(old), "a token that is closed already");
    pool::UserThreads::Get().Recall(*closed);
  }

 private:
  std::mutex mutex_;
  std::array<std::int32_t, kUsers> ids_{};
};

void Nest(Shared& shared, ScopeStack& stack, Random& random, int depth) {
  const auto [id, token] = shared.Any(random);
  if (!token) return;
  const auto hold = random() % 2 == 0 ? ScopeStack::Hold::kYes : ScopeStack::Hold::kNo;
  const ScopeStack::ScopeId scope = stack.Enter(id, token, hold);
  ++scopes;
  ExpectUser(*token, "a scope");
  if (depth < 3) Nest(shared, stack, random, depth + 1);
  ExpectUser(*token, "a scope after one inside it");
  if (random() % 4 == 0) {
    const ScopeStack::ScopeId baseline = stack.EnterBaseline();
    ExpectProcess("a baseline scope");
    if (depth < 3) Nest(shared, stack, random, depth + 1);
    stack.Leave(baseline);
    ExpectUser(*token, "a scope after a baseline scope");
  }
  if (random() % 8 == 0) stack.ForgetTokenId(id);
  Expect(stack.Leave(scope) == ScopeStack::LeaveResult::kInOrder, "how a scope is left");
}

void Scopes(Shared& shared, Random random, int rounds) {
  ScopeStack& stack = ScopeStack::OfThread();
  ScopeState state;
  stack.ShareState(&state);
  for (int round = 0; round < rounds; ++round) {
    const auto [id, token] = shared.Any(random);
    const auto [inner_id, inner] = shared.Any(random);
    if (!token || !inner) continue;
    const ScopeStack::ScopeId scope = stack.Enter(id, token, ScopeStack::Hold::kNo);
    stack.Enter(inner_id, inner, ScopeStack::Hold::kNo);
    ExpectUser(*inner, "a scope that is left open");
    Expect(state.depth == 2, "the depth");
    if (random() % 2 == 0) {
      Expect(stack.Leave(scope) == ScopeStack::LeaveResult::kUnwound, "how an outer scope is left");
    } else {
      Expect(stack.LeaveAll() == 2, "how many scopes are left");
    }
    ExpectProcess("after every scope");
    Nest(shared, stack, random, 0);
    ExpectProcess("after nested scopes");
  }
  stack.UnshareState(&state);
}

// Threads that start, are pinned to one user, and end.
void Pinned(Shared& shared, Random random, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    std::thread([&shared, seed = random()] {
      Random own(seed);
      ++threads_begun;
      port::InitThread();
      {
        // Prevents a change of the process's credentials.
        const std::shared_lock<std::shared_mutex> gate(linux_port::ScopeGate());
        Expect(port::ThreadToken() == nullptr, "a thread that has begun");
      }
      const TokenRef token = shared.Any(own).second;
      if (!token) return;
      ScopeStack& stack = ScopeStack::OfThread();
      stack.Pin(token);
      ExpectUser(*token, "a pinned thread");
      Nest(shared, stack, own, 2);
      ExpectUser(*token, "a pinned thread after a scope");
    }).join();
  }
}

const fs::Operation& OperationNamed(const char* name) {
  for (std::size_t i = 0; i < fs::kOperationCount; ++i) {
    if (std::strcmp(fs::kOperations[i].name, name) == 0) return fs::kOperations[i];
  }
  Fail(std::string("no operation ") + name);
}

struct OpenJob final : pool::Job {
  OpenJob(TokenRef token, std::shared_ptr<pool::Outbox> outbox, fs::Call what, bool may)
      : pool::Job(std::move(token), std::move(outbox)), call(std::move(what)), allowed(may) {}
  void Run() noexcept override {
    ExpectUser(*token(), "a job");
    call.operation->run(call);
  }

  fs::Call call;
  const bool allowed;
};

void CheckJob(const OpenJob& job) {
  if (job.failure) Fail(std::string("a job failed: ") + job.failure->what());
  const auto* descriptor = std::get_if<fs::Descriptor>(&job.call.result);
  const bool opened = job.call.error == 0 && descriptor;
  if (opened) fs::CloseDescriptor(descriptor->fd);
  Expect(opened == job.allowed, "whether the user can open the file");
  if (!opened) Expect(job.call.error == UV_EACCES, "the error of a file that the user cannot open");
  ++jobs;
}

// Like an environment: adds jobs and takes the completed ones.
void Jobs(Shared& shared, Random random, int rounds) {
  pool::UserThreads& threads = pool::UserThreads::Get();
  threads.Open();
  std::atomic<int> woken{0};
  const auto outbox = std::make_shared<pool::Outbox>([&woken] { ++woken; });
  const fs::Operation& open = OperationNamed("open");
  int done = 0;
  int added = 0;
  while (done < rounds) {
    if (added < rounds) {
      const TokenRef token = shared.Any(random).second;
      if (!token) continue;
      const std::size_t owner = random() % kUsers;
      fs::Call call;
      call.operation = &open;
      call.path = folder + "/" + std::to_string(owner);
      call.first = O_RDONLY | O_CLOEXEC;
      const bool may = UserOf(owner) == UserOf(*token);
      auto job = std::make_unique<OpenJob>(token, outbox, std::move(call), may);
      OpenJob& last = *job;
      threads.Add(std::move(job));
      ++added;
      if (random() % 16 == 0 && threads.Cancel(last)) ++done;
      if (random() % 64 == 0) threads.Recall(*token);
    }
    for (const auto& job : outbox->Take()) {
      CheckJob(static_cast<const OpenJob&>(*job));
      ++done;
    }
    if (random() % 32 == 0) Expect(threads.statistics().threads <= kThreads, "the number of threads");
    if (added == rounds) std::this_thread::yield();
  }
  Expect(woken > 0, "that the outbox wakes its owner");
  outbox->Close();
  threads.Remove(*outbox);
  threads.Close();
}

void Tokens(Shared& shared, Random random, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    shared.Renew(random);
    const TokenRef one = shared.Any(random).second;
    const TokenRef other = shared.Any(random).second;
    if (!one || !other) continue;
    Expect(port::Equal(*one, *other) == (port::Fingerprint(*one) == port::Fingerprint(*other)), "equality");
    Expect(port::Equal(*one, *port::Duplicate(*one, one->level())), "a duplicate");
    Expect(port::Describe(*one).user.id == std::to_string(UserOf(*one)), "a description");
    static_cast<void>(port::ProcessToken());
  }
}

void Tickets(Shared& shared, Random random, int rounds, const std::string& prefix) {
  for (int round = 0; round < rounds; ++round) {
    const TokenRef token = shared.Any(random).second;
    if (!token) continue;
    const std::string ticket = prefix + std::to_string(round);
    const bool is_short = random() % 4 == 0;
    TicketRegistry::Get().Add(ticket, token, std::chrono::milliseconds(is_short ? 1 : 3'600'000));
    const TokenRef claimed = TicketRegistry::Get().Claim(ticket);
    Expect(is_short || claimed == token, "the token of a ticket");
    Expect(!TicketRegistry::Get().Claim(ticket), "a ticket that was claimed");
    TicketRegistry::Get().Expire();
  }
}

// Changes the process's effective ids by the C library, which changes every thread.
void Changes(const std::atomic<bool>& is_over) {
  bool lowered = false;
  while (!is_over || lowered) {
    try {
      const pool::UserThreads::Pause no_users;
      const port::CredentialChange change;
      const uid_t next = lowered ? 0 : kLowered;
      if (::seteuid(next) != 0) Fail("seteuid failed");
      Expect(linux_port::raw::GetEuid() == next, "a change of the process");
      lowered = !lowered;
      ++changes;
    } catch (const Error& error) {
      if (error.code() != "ERR_SCOPE_ACTIVE") Fail(error.what());
      ++refusals;
    }
    std::this_thread::yield();
  }
}

// Makes a file for each user, which only that user may open.
void MakeFiles() {
  if (::chmod(folder.c_str(), 0711) != 0) Fail("no folder");
  for (std::size_t i = 0; i < kUsers; ++i) {
    const std::string path = folder + "/" + std::to_string(i);
    const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0 || ::fchown(file, UserOf(i), UserOf(i)) != 0 || ::close(file) != 0) Fail("no file");
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) Fail("driver FOLDER ROUNDS SEED");
  if (::geteuid() != 0) Fail("this needs root");
  folder = arguments[1];
  const int rounds = std::atoi(arguments[2]);
  const auto seed = static_cast<unsigned>(std::atoi(arguments[3]));
  try {
    port::Init(20);
    port::InitThread();
    MakeFiles();
    pool::UserThreads::Get().SetLimits({2, kThreads, std::chrono::milliseconds(1)});
    Shared shared;
    std::atomic<bool> is_over{false};
    std::thread changer([&is_over] { Changes(is_over); });
    std::vector<std::function<void(Random)>> parts;
    for (int i = 0; i < 2; ++i) {
      const std::string prefix = std::to_string(i) + "-";
      parts.emplace_back([&](Random random) { Scopes(shared, random, rounds); });
      parts.emplace_back([&](Random random) { Jobs(shared, random, rounds * 4); });
      parts.emplace_back([&](Random random) { Tokens(shared, random, rounds); });
      parts.emplace_back([&, prefix](Random random) { Tickets(shared, random, rounds * 4, prefix); });
      parts.emplace_back([&](Random random) { Pinned(shared, random, rounds / 10); });
    }
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      threads.emplace_back(parts[i], Random(seed + static_cast<unsigned>(i)));
    }
    for (std::thread& thread : threads) thread.join();
    is_over = true;
    changer.join();
  } catch (const std::exception& error) {
    Fail(error.what());
  }
  std::printf("%zu scopes, %zu jobs, %zu threads, %zu changes of the process, %zu refused\n", scopes.load(),
              jobs.load(), threads_begun.load(), changes.load(), refusals.load());
  return 0;
}
