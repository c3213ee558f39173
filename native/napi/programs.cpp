#include "napi/programs.h"

#include <uv.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <mutex>
#include <utility>
#include <vector>

#include "fs/call.h"
#include "napi/error_bridge.h"

namespace impersonate {

// A program, and the function to call at its end in the async context in which it was started. Plain
// Node-API: with its C++ wrapper the context depends on an object that may be collected.
struct Programs::Running {
  Running(Napi::Env env, Napi::Function function) : env_(env), ended(Napi::Persistent(function)) {
    const Napi::String name = Napi::String::New(env, "impersonate:program");
    NAPI_THROW_IF_FAILED_VOID(env, napi_async_init(env, nullptr, name, &context));
  }
  ~Running() {
    // Waits for the watch that is under way.
    program = nullptr;
    napi_async_destroy(env_, context);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  const Napi::Env env_;
  napi_async_context context = nullptr;
  Napi::FunctionReference ended;
  std::unique_ptr<port::Program> program;
  bool keeps_loop = true;
};

// What other threads report to the environment.
struct Programs::Ended {
  std::mutex mutex;  // for what follows
  std::vector<std::pair<Id, port::ProgramExit>> exits;
};

Programs::Programs(Napi::Env env) : env_(env), ended_(std::make_shared<Ended>()) {}

Programs::~Programs() = default;

std::shared_ptr<Programs> Programs::Make(Napi::Env env) {
  const std::shared_ptr<Programs> programs(new Programs(env));
  programs->wake_ = LoopWake::Make(env, [weak = std::weak_ptr<Programs>(programs)](Napi::Env) {
    if (const auto alive = weak.lock()) alive->Deliver();
  });
  return programs;
}

namespace {

// Closes descriptors that have not been given to JavaScript.
class OwnedDescriptors {
 public:
  explicit OwnedDescriptors(std::vector<int> descriptors) : descriptors_(std::move(descriptors)) {}
  ~OwnedDescriptors() {
    for (const int descriptor : descriptors_) {
      if (descriptor >= 0) fs::CloseDescriptor(descriptor);
    }
  }
  OwnedDescriptors(const OwnedDescriptors&) = delete;
  OwnedDescriptors& operator=(const OwnedDescriptors&) = delete;

  const std::vector<int>& get() const noexcept { return descriptors_; }
  void Release() noexcept { descriptors_.clear(); }

 private:
  std::vector<int> descriptors_;
};

}  // namespace

Napi::Object Programs::Add(const Start& start, Napi::Function ended) {
  auto running = std::make_shared<Running>(env_, ended);
  Napi::Object result = Napi::Object::New(env_);
  running->program = start();
  port::Program& program = *running->program;
  OwnedDescriptors descriptors(program.TakeDescriptors());
  do {
    last_ = last_ == std::numeric_limits<Id>::max() ? 1 : last_ + 1;
  } while (programs_.count(last_) != 0);
  const Id id = last_;
  Napi::Array list = Napi::Array::New(env_, descriptors.get().size());
  for (std::uint32_t i = 0; i < descriptors.get().size(); ++i) {
    list[i] = Napi::Number::New(env_, descriptors.get()[i]);
  }
  result.Set("id", Napi::Number::New(env_, id));
  result.Set("pid", Napi::Number::New(env_, program.pid()));
  result.Set("descriptors", list);
  program.Watch([id, queue = ended_, wake = wake_](port::ProgramExit exit) {
    {
      const std::lock_guard<std::mutex> lock(queue->mutex);
      queue->exits.emplace_back(id, exit);
    }
    wake->Wake();
  });
  programs_.emplace(id, std::move(running));
  descriptors.Release();
  UpdateLoop();
  return result;
}

int Programs::Kill(Id id, int signal) {
  const auto found = programs_.find(id);
  return found == programs_.end() ? ESRCH : found->second->program->Kill(signal);
}

void Programs::KeepLoop(Id id, bool keep) {
  const auto found = programs_.find(id);
  if (found == programs_.end()) return;
  found->second->keeps_loop = keep;
  UpdateLoop();
}

void Programs::Close(Id id) {
  const auto found = programs_.find(id);
  if (found == programs_.end()) return;
  programs_.erase(found);
  UpdateLoop();
}

void Programs::UpdateLoop() {
  const bool keeps =
      std::any_of(programs_.begin(), programs_.end(), [](const auto& one) { return one.second->keeps_loop; });
  wake_->KeepLoop(keeps);
}

void Programs::Deliver() {
  std::vector<std::pair<Id, port::ProgramExit>> exits;
  {
    const std::lock_guard<std::mutex> lock(ended_->mutex);
    exits.swap(ended_->exits);
  }
  const std::shared_ptr<Programs> kept = shared_from_this();
  for (const auto& [id, exit] : exits) {
    const auto found = programs_.find(id);
    if (found == programs_.end()) continue;  // closed
    // The function may close the program.
    const std::shared_ptr<Running> one = found->second;
    one->keeps_loop = false;
    UpdateLoop();
    const Napi::HandleScope scope(env_);
    napi_value arguments[] = {Napi::Number::New(env_, static_cast<double>(exit.code)),
                              Napi::Number::New(env_, exit.signal)};
    napi_make_callback(env_, one->context, env_.Global(), one->ended.Value(), 2, arguments, nullptr);
    ReportUncaught(env_);
  }
}

int UvNumber(int error) noexcept {
  if (error < 0) return error;
  // Elsewhere than on Windows it is the negative errno.
  if (UV_ENOENT == -ENOENT) return -error;
  constexpr std::pair<int, int> kNumbers[] = {
      {E2BIG, UV_E2BIG},
      {EACCES, UV_EACCES},
      {EAGAIN, UV_EAGAIN},
      {EBADF, UV_EBADF},
      {EBUSY, UV_EBUSY},
      {ECANCELED, UV_ECANCELED},
      {EFAULT, UV_EFAULT},
      {EINVAL, UV_EINVAL},
      {EIO, UV_EIO},
      {EISDIR, UV_EISDIR},
      {ELOOP, UV_ELOOP},
      {EMFILE, UV_EMFILE},
      {ENAMETOOLONG, UV_ENAMETOOLONG},
      {ENFILE, UV_ENFILE},
      {ENODEV, UV_ENODEV},
      {ENOENT, UV_ENOENT},
      {ENOMEM, UV_ENOMEM},
      {ENOSYS, UV_ENOSYS},
      {ENOTDIR, UV_ENOTDIR},
      {ENOTSUP, UV_ENOTSUP},
      {EPERM, UV_EPERM},
      {ESRCH, UV_ESRCH},
      {ETIMEDOUT, UV_ETIMEDOUT},
      {ETXTBSY, UV_ETXTBSY},
  };
  for (const auto& [from, to] : kNumbers) {
    if (from == error) return to;
  }
  return UV_UNKNOWN;
}

}  // namespace impersonate
