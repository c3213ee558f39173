#include "napi/program_run.h"

#include <uv.h>

#include <cerrno>
#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

#include "core/error.h"
#include "fs/call.h"
#include "napi/programs.h"

namespace impersonate {
namespace {

constexpr std::size_t kChunk = 64 * 1024;
// SIGKILL, on Windows too.
constexpr int kKill = 9;

// A structure of libuv, of the size that the running version gives it.
template <typename Type>
class Sized {
 public:
  explicit Sized(std::size_t size) : memory_(new std::max_align_t[size / sizeof(std::max_align_t) + 1]()) {}
  Type* get() const noexcept { return reinterpret_cast<Type*>(memory_.get()); }
  template <typename Base>
  Base* as() const noexcept {
    return reinterpret_cast<Base*>(memory_.get());
  }

 private:
  std::unique_ptr<std::max_align_t[]> memory_;
};

class Run;

struct Pipe {
  explicit Pipe(Run& owner)
      : run(owner),
        handle(uv_handle_size(UV_NAMED_PIPE)),
        writing(uv_req_size(UV_WRITE)),
        shutdown(uv_req_size(UV_SHUTDOWN)) {}

  Run& run;
  Sized<uv_pipe_t> handle;
  Sized<uv_write_t> writing;
  Sized<uv_shutdown_t> shutdown;
  std::vector<char> input, chunk, output;
  bool reads = false, writes = true;
};

// A program and the loop on which its end and its pipes are waited for.
class Run {
 public:
  Run(const TokenRef& token, const port::ProgramOptions& options, RunOptions run)
      : options_(std::move(run)),
        loop_(uv_loop_size()),
        timer_(uv_handle_size(UV_TIMER)),
        ended_(uv_handle_size(UV_ASYNC)) {
    if (const int error = uv_loop_init(loop_.get())) throw LoopError(error);
    try {
      Start(token, options);
    } catch (...) {
      program_ = nullptr;
      Finish();
      throw;
    }
  }

  ~Run() {
    // Waits for the watch that is under way, which uses the loop.
    program_ = nullptr;
    Finish();
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  RunResult Wait() {
    uv_run(loop_.get(), UV_RUN_DEFAULT);
    RunResult result;
    result.pid = program_->pid();
    result.error = error_ != 0 ? error_ : pipe_error_;
    const std::lock_guard<std::mutex> lock(mutex_);
    result.exit = exit_;
    for (std::size_t i = 0; i < pipes_.size(); ++i) {
      result.output.emplace_back();
      if (pipes_[i] && Returns(i)) result.output.back() = std::move(pipes_[i]->output);
    }
    return result;
  }

 private:
  static Error LoopError(int error) {
    return Error("ERR_INTERNAL", error, port::kProgramCall, uv_strerror(error));
  }

  void Start(const TokenRef& token, const port::ProgramOptions& options) {
    const auto ended = [](uv_async_t* handle) { static_cast<Run*>(handle->data)->Ended(); };
    if (const int error = uv_async_init(loop_.get(), ended_.get(), ended)) throw LoopError(error);
    ended_.get()->data = this;
    uv_timer_init(loop_.get(), timer_.get());
    timer_.get()->data = this;
    program_ = port::StartProgram(token, options);
    const std::vector<int> descriptors = program_->TakeDescriptors();
    pipes_.resize(descriptors.size());
    for (std::size_t i = 0; i < descriptors.size(); ++i) {
      if (descriptors[i] >= 0) Open(i, descriptors[i]);
    }
    program_->Watch([this](port::ProgramExit exit) {
      const std::lock_guard<std::mutex> lock(mutex_);
      exit_ = exit;
      uv_async_send(ended_.get());
    });
    if (options_.timeout == 0) return;
    const auto expired = [](uv_timer_t* handle) {
      Run& run = *static_cast<Run*>(handle->data);
      run.SetError(UV_ETIMEDOUT);
      run.Kill();
    };
    uv_timer_start(timer_.get(), expired, options_.timeout, 0);
  }

  bool Returns(std::size_t index) const { return index < options_.output.size() && options_.output[index]; }

  void SetError(int error) {
    if (error_ == 0) error_ = error;
  }
  void SetPipeError(int error) {
    if (pipe_error_ == 0) pipe_error_ = error;
  }

  static void CloseHandle(uv_handle_t* handle) {
    if (!uv_is_closing(handle)) uv_close(handle, nullptr);
  }

  void Open(std::size_t index, int descriptor) {
    pipes_[index] = std::make_unique<Pipe>(*this);
    Pipe& pipe = *pipes_[index];
    uv_pipe_init(loop_.get(), pipe.handle.get(), 0);
    pipe.handle.get()->data = &pipe;
    if (const int error = uv_pipe_open(pipe.handle.get(), descriptor)) {
      fs::CloseDescriptor(descriptor);
      SetPipeError(error);
      return CloseHandle(pipe.handle.as<uv_handle_t>());
    }
    if (index < options_.input.size()) pipe.input = std::move(options_.input[index]);
    // One way only, as in node: on Windows, shutting a pipe down ends its reading after 50 ms.
    if (Returns(index)) {
      pipe.writes = false;
      Read(pipe);
    } else {
      Write(pipe);
    }
  }

  // Writes the input, and then shuts the pipe down for writing.
  void Write(Pipe& pipe) {
    auto* const stream = pipe.handle.as<uv_stream_t>();
    if (!pipe.input.empty()) {
      const uv_buf_t data = uv_buf_init(pipe.input.data(), static_cast<unsigned>(pipe.input.size()));
      pipe.writing.get()->data = &pipe;
      const auto written = [](uv_write_t* request, int status) {
        if (status < 0) static_cast<Pipe*>(request->data)->run.SetPipeError(status);
      };
      const int error = uv_write(pipe.writing.get(), stream, &data, 1, written);
      if (error != 0) SetPipeError(error);
    }
    pipe.shutdown.get()->data = &pipe;
    const auto done = [](uv_shutdown_t* request, int) { DoneWriting(*static_cast<Pipe*>(request->data)); };
    if (uv_shutdown(pipe.shutdown.get(), stream, done) != 0) DoneWriting(pipe);
  }

  static void DoneWriting(Pipe& pipe) {
    pipe.writes = false;
    if (!pipe.reads) CloseHandle(pipe.handle.as<uv_handle_t>());
  }

  void Read(Pipe& pipe) {
    pipe.chunk.resize(kChunk);
    const auto allocate = [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
      std::vector<char>& chunk = static_cast<Pipe*>(handle->data)->chunk;
      *buffer = uv_buf_init(chunk.data(), static_cast<unsigned>(chunk.size()));
    };
    const auto read = [](uv_stream_t* stream, ssize_t count, const uv_buf_t*) {
      Pipe& one = *static_cast<Pipe*>(stream->data);
      one.run.Received(one, count);
    };
    pipe.reads = true;
    if (const int error = uv_read_start(pipe.handle.as<uv_stream_t>(), allocate, read)) Received(pipe, error);
  }

  void Received(Pipe& pipe, std::ptrdiff_t count) {
    if (count > 0) {
      pipe.output.insert(pipe.output.end(), pipe.chunk.begin(), pipe.chunk.begin() + count);
      received_ += count;
      if (options_.max_buffer < 0 || received_ <= options_.max_buffer) return;
      SetError(UV_ENOBUFS);
      return Kill();
    }
    if (count == 0) return;
    if (count != UV_EOF) SetPipeError(static_cast<int>(count));
    pipe.reads = false;
    if (!pipe.writes) CloseHandle(pipe.handle.as<uv_handle_t>());
  }

  void Ended() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (exit_ && exit_->code < 0) error_ = static_cast<int>(exit_->code);
    }
    StopWaiting();
  }

  void StopWaiting() {
    CloseHandle(ended_.as<uv_handle_t>());
    CloseHandle(timer_.as<uv_handle_t>());
  }

  void Kill() {
    if (std::exchange(killed_, true)) return;
    const bool signalled = Signal();
    for (const auto& pipe : pipes_) {
      if (pipe) CloseHandle(pipe->handle.as<uv_handle_t>());
    }
    CloseHandle(timer_.as<uv_handle_t>());
    if (!signalled) StopWaiting();
  }

  // Returns false for a program that this user may not end.
  bool Signal() {
    int error = program_->Kill(options_.kill_signal);
    if (error == 0 || error == ESRCH) return true;
    // No such signal, for example.
    SetError(UvNumber(error));
    error = program_->Kill(kKill);
    return error == 0 || error == ESRCH;
  }

  void Finish() {
    uv_walk(loop_.get(), [](uv_handle_t* handle, void*) { CloseHandle(handle); }, nullptr);
    uv_run(loop_.get(), UV_RUN_DEFAULT);
    uv_loop_close(loop_.get());
  }

  RunOptions options_;
  Sized<uv_loop_t> loop_;
  Sized<uv_timer_t> timer_;
  Sized<uv_async_t> ended_;
  std::vector<std::unique_ptr<Pipe>> pipes_;
  std::int64_t received_ = 0;
  int error_ = 0, pipe_error_ = 0;
  bool killed_ = false;
  std::mutex mutex_;  // for what follows
  std::optional<port::ProgramExit> exit_;
  // The last member: its destructor waits for a call that uses the others.
  std::unique_ptr<port::Program> program_;
};

}  // namespace

RunResult RunProgram(const TokenRef& token, const port::ProgramOptions& options, RunOptions run) {
  return Run(token, options, std::move(run)).Wait();
}

}  // namespace impersonate
