#include "pool/user_threads.h"

#include <algorithm>
#include <iterator>
#include <system_error>
#include <utility>

#include "core/scope_stack.h"

namespace impersonate::pool {
namespace {

using Clock = std::chrono::steady_clock;
using WorkerRef = std::list<Worker>::iterator;

// The time for which a thread works for one user while others wait: ten times that of a switch, so that a
// longer one would gain little, and short enough not to delay the others noticeably.
constexpr auto kBatchTime = std::chrono::microseconds(100);
// How long a thread without work lives once it has the process identity.
constexpr auto kLifetime = std::chrono::seconds(10);
// How long a thread without work looks for some before it sleeps, if it had some as soon as that the last
// time. To sleep and to be woken take about as long. One thread at a time does so.
constexpr auto kSpinTime = std::chrono::microseconds(30);
const unsigned kProcessors = std::thread::hardware_concurrency();
// The waiting jobs of a user among which a thread prefers one of its own token.
constexpr std::ptrdiff_t kLookAhead = 32;

void Deliver(Jobs done) noexcept {
  if (done.empty()) return;
  // The job may be destroyed with its reference to the outbox.
  const std::shared_ptr<Outbox> outbox = done.front()->outbox();
  outbox->Put(std::move(done));
}

// Joins threads that have ended, without the mutex.
struct Joining {
  Joining() = default;
  ~Joining() {
    for (Worker& worker : workers) worker.thread.join();
  }
  Joining(const Joining&) = delete;
  Joining& operator=(const Joining&) = delete;

  std::list<Worker> workers;
};

void Run(Job& job, port::UserThread& thread) noexcept {
  try {
    thread.Become(job.token());
  } catch (const Error& error) {
    job.failure = error;
    return;
  }
  job.Run();
}

}  // namespace

UserThreads& UserThreads::Get() {
  static UserThreads* const threads = new UserThreads;
  return *threads;
}

void UserThreads::Open() noexcept {
  const Lock lock(mutex_);
  ++environments_;
}

void UserThreads::Close() noexcept {
  Joining ended;
  Lock lock(mutex_);
  if (--environments_ > 0) return;
  for (Worker& worker : idle_) worker.woken.notify_one();
  // A job may hang, for which an ending environment cannot wait.
  for (Worker& worker : busy_) {
    if (!std::exchange(worker.detached, true)) worker.thread.detach();
  }
  changed_.wait(lock, [this] { return idle_.empty() || environments_ > 0; });
  ended.workers.swap(ended_);
}

void UserThreads::Add(std::unique_ptr<Job> job, bool wake) {
  Joining ended;
  Jobs added;
  added.push_back(std::move(job));
  const Lock lock(mutex_);
  ended.workers.swap(ended_);
  const auto found = users_.try_emplace(added.front()->token()->user()).first;
  User& user = found->second;
  user.name = &found->first;
  if (user.waiting.empty()) user.turn = turn_.insert(turn_.end(), &user);
  Job& newest = *added.front();
  newest.queue_ = &user;
  newest.place_ = added.begin();
  user.waiting.splice(user.waiting.end(), added);
  if (!wake) return;
  try {
    WakeNext();
  } catch (const Error&) {
    // A thread that works takes the job later.
    if (!busy_.empty()) return;
    Withdraw(newest, added);
    throw;
  }
}

void UserThreads::Wake() noexcept {
  const Lock lock(mutex_);
  TryWakeNext();
}

bool UserThreads::Cancel(Job& job) noexcept {
  Jobs withdrawn;  // destroyed without the mutex
  const Lock lock(mutex_);
  if (job.queue_) Withdraw(job, withdrawn);
  return !withdrawn.empty();
}

void UserThreads::Abandon(const Job& job) noexcept {
  const Lock lock(mutex_);
  for (Worker& worker : busy_) {
    if (worker.job != &job) continue;
    worker.hung = true;
    worker.self->CancelCall();
  }
}

void UserThreads::Remove(const Outbox& outbox) noexcept {
  Jobs removed;
  const Lock lock(mutex_);
  for (auto user = users_.begin(); user != users_.end();) {
    // The user may be erased with its last job.
    Jobs& waiting = (user++)->second.waiting;
    for (auto job = waiting.begin(); job != waiting.end();) {
      const auto next = std::next(job);
      const bool last = next == waiting.end();
      if ((*job)->outbox().get() == &outbox) Withdraw(**job, removed);
      if (last) break;
      job = next;
    }
  }
}

// Removes a waiting job.
void UserThreads::Withdraw(Job& job, Jobs& into) noexcept {
  User& user = *std::exchange(job.queue_, nullptr);
  into.splice(into.end(), user.waiting, job.place_);
  if (!user.waiting.empty()) return;
  turn_.erase(user.turn);
  if (user.threads == 0) users_.erase(*user.name);
}

// Removes and returns the oldest job of the user, or a slightly younger one of the preferred token.
Jobs UserThreads::TakeFrom(User& user, const Token* preferred) noexcept {
  auto chosen = user.waiting.begin();
  std::ptrdiff_t left = kLookAhead;
  for (auto job = chosen; job != user.waiting.end() && left > 0; ++job, --left) {
    if ((*job)->token().get() != preferred) continue;
    chosen = job;
    break;
  }
  Jobs taken;
  Withdraw(**chosen, taken);
  return taken;
}

// Returns the user to be served next; null if there is no job that may run.
User* UserThreads::NextUser() noexcept {
  const auto next = std::find_if(turn_.begin(), turn_.end(),
                                 [this](const User* user) { return user->threads < limits_.per_user; });
  if (next == turn_.end()) return nullptr;
  turn_.splice(turn_.end(), turn_, next);
  return turn_.back();
}

// Ends the thread's work for its user.
void UserThreads::Leave(Worker& self) noexcept {
  if (!self.user) return;
  User& user = *std::exchange(self.user, nullptr);
  user.threads -= 1;
  if (user.threads == 0 && user.waiting.empty()) users_.erase(*user.name);
}

// Removes and returns a job for the thread: of its user, or, if others are to have their turn, of the next
// one. None if there is no job that it may run.
Jobs UserThreads::Take(Worker& self, bool in_turn) noexcept {
  const bool woken = std::exchange(self.waking, false);
  if (woken) waking_ = false;
  if (pauses_ > 0 || in_turn || (self.user && self.user->waiting.empty())) Leave(self);
  if (pauses_ > 0) return {};
  if (!self.user) {
    self.user = NextUser();
    if (!self.user) return {};
    self.user->threads += 1;
  }
  Jobs taken = TakeFrom(*self.user, self.token);
  if (woken) TryWakeNext();
  return taken;
}

// The thread's own code: runs jobs, rests when there are none for it, and returns when it is to end.
void UserThreads::Serve(WorkerRef self) noexcept {
  port::UserThread thread;
  Jobs done;
  Lock lock(mutex_);
  self->self = &thread;
  do {
    Clock::time_point end = Clock::now() + kBatchTime;
    bool rested = true;
    for (Jobs next = Take(*self, false); !next.empty();) {
      self->job = next.front().get();
      lock.unlock();
      if (std::exchange(rested, false)) thread.Check();
      Deliver(std::move(done));
      Run(*next.front(), thread);
      done = std::move(next);
      const Clock::time_point now = Clock::now();
      lock.lock();
      self->job = nullptr;
      self->hung = false;
      self->token = thread.token();
      next = Take(*self, now >= end);
      if (now >= end) end = now + kBatchTime;
    }
  } while (Rest(self, thread, std::move(done), lock));
}

// Waits for work. Returns false if the thread is to end; it has the process identity then.
bool UserThreads::Rest(WorkerRef self, port::UserThread& thread, Jobs done, Lock& lock) noexcept {
  idle_.splice(idle_.end(), busy_, self);
  self->resting = true;
  self->recalled = false;
  const bool stays = !self->token || limits_.idle_time.count() > 0;
  const bool spins = self->soon_busy && stays && !spinning_ && kProcessors > 1;
  if (spins) self->spinning = spinning_ = true;
  lock.unlock();
  Deliver(std::move(done));
  const Clock::time_point began = Clock::now();
  while (spins && self->resting && Clock::now() - began < kSpinTime) {
  }
  Clock::time_point since = Clock::now();
  lock.lock();
  if (spins) self->spinning = spinning_ = false;
  while (self->resting) {
    const Clock::time_point end = since + (self->token ? limits_.idle_time : kLifetime);
    const bool over = Clock::now() >= end || environments_ == 0;
    if (self->token && (over || self->recalled || pauses_ > 0 || !self->token->is_owned())) {
      lock.unlock();
      thread.Revert();
      since = Clock::now();
      lock.lock();
      self->token = nullptr;
      changed_.notify_all();
    } else if (over) {
      End(self);
      return false;
    } else {
      self->woken.wait_until(lock, end);
    }
  }
  self->soon_busy = Clock::now() - began < kSpinTime;
  return true;
}

void UserThreads::End(WorkerRef self) noexcept {
  if (self->detached) {
    idle_.erase(self);
  } else {
    ended_.splice(ended_.end(), idle_, self);
  }
  changed_.notify_all();
}

// Starts a thread, as the last of the busy ones, and returns it; one without work if none can be started.
WorkerRef UserThreads::Start() {
  // On Linux a thread inherits the identity of the thread that starts it.
  const BaselineScope as_process;
  const WorkerRef worker = busy_.emplace(busy_.end());
  try {
    worker->thread = port::StartThread([this, worker] { Serve(worker); });
    return worker;
  } catch (...) {
    busy_.erase(worker);
    if (idle_.empty()) throw;
    return idle_.begin();
  }
}

// Returns the thread without work that needs the least to become the token's user; the end of `idle_` if a
// new one is better. A few threads may stay the users of different tokens before one is taken over.
WorkerRef UserThreads::IdleFor(const Token* token) noexcept {
  for (const Token* wanted : {token, static_cast<const Token*>(nullptr)}) {
    const auto found = std::find_if(idle_.rbegin(), idle_.rend(),
                                    [&](const Worker& worker) { return worker.token == wanted; });
    if (found != idle_.rend()) return std::prev(found.base());
  }
  return busy_.size() + idle_.size() < std::min(limits_.per_user, limits_.threads) ? idle_.end()
                                                                                   : idle_.begin();
}

// Wakes or starts a thread for the user to be served next, unless a thread is waking: that one wakes the next
// one, so that whoever adds many jobs makes one wake-up only. Throws Error if no thread can be started.
void UserThreads::WakeNext() {
  if (pauses_ > 0 || waking_) return;
  User* const user = NextUser();
  if (!user) return;
  WorkerRef worker = IdleFor(user->waiting.front()->token().get());
  if (worker == idle_.end()) {
    if (busy_.size() + idle_.size() >= limits_.threads) return;
    worker = Start();
  }
  if (worker->resting) {
    busy_.splice(busy_.end(), idle_, worker);
    worker->resting = false;
    if (!worker->spinning) worker->woken.notify_one();
  }
  worker->user = user;
  worker->waking = true;
  waking_ = true;
  user->threads += 1;
}

void UserThreads::TryWakeNext() noexcept {
  try {
    WakeNext();
  } catch (const Error&) {
    // The threads that there are take the jobs.
  }
}

// Makes the threads without work revert that are the token's user, or any user, and returns when they have.
void UserThreads::RecallAll(Lock& lock, const Token* token) noexcept {
  const auto concerned = [token](const Worker& worker) {
    return worker.token != nullptr && (token == nullptr || worker.token == token);
  };
  for (Worker& worker : idle_) {
    if (!concerned(worker)) continue;
    worker.recalled = true;
    worker.woken.notify_one();
  }
  changed_.wait(lock, [&] { return std::none_of(idle_.begin(), idle_.end(), concerned); });
}

void UserThreads::Recall(const Token& token) noexcept {
  Lock lock(mutex_);
  RecallAll(lock, &token);
}

UserThreads::Pause::Pause() noexcept {
  UserThreads& threads = Get();
  Lock lock(threads.mutex_);
  threads.pauses_ += 1;
  threads.RecallAll(lock, nullptr);
}

UserThreads::Pause::~Pause() {
  UserThreads& threads = Get();
  const Lock lock(threads.mutex_);
  threads.pauses_ -= 1;
  threads.TryWakeNext();
}

Limits UserThreads::limits() const {
  const Lock lock(mutex_);
  return limits_;
}

void UserThreads::SetLimits(const Limits& limits, bool are_default) {
  const Lock lock(mutex_);
  if (std::exchange(limits_set_, true) && are_default) return;
  limits_ = limits;
  for (Worker& worker : idle_) worker.woken.notify_one();
  TryWakeNext();
}

Statistics UserThreads::statistics() const {
  const Lock lock(mutex_);
  Statistics now;
  now.threads = busy_.size() + idle_.size();
  now.users = users_.size();
  for (const Worker& worker : busy_) {
    now.busy += worker.job ? 1 : 0;
    now.hung += worker.hung ? 1 : 0;
  }
  for (const Worker& worker : idle_) now.staying += worker.token ? 1 : 0;
  for (const User* const user : turn_) now.waiting_jobs += user->waiting.size();
  return now;
}

}  // namespace impersonate::pool
