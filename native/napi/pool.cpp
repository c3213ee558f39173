#include "napi/pool.h"

namespace impersonate {
namespace {

class NoWork final : public Napi::AsyncWorker {
 public:
  explicit NoWork(Napi::Env env) : Napi::AsyncWorker(env, "impersonate:pool") {}
  void Execute() override {}
};

}  // namespace

void StartPoolThreads(Napi::Env env) {
  // Deletes itself when the job is done.
  (new NoWork(env))->Queue();
}

}  // namespace impersonate
