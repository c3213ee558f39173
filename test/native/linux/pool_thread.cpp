#include "pool_thread.h"

#include <sys/types.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "credential_calls.h"

namespace probe {
namespace {

constexpr uid_t kSameUid = static_cast<uid_t>(-1);
constexpr gid_t kSameGid = static_cast<gid_t>(-1);

class Change final : public Napi::AsyncWorker {
 public:
  Change(Napi::Env env, uid_t uid, gid_t gid, std::vector<gid_t> groups)
      : Napi::AsyncWorker(env, "probe:changePoolThread"),
        deferred_(Napi::Promise::Deferred::New(env)),
        uid_(uid),
        gid_(gid),
        groups_(std::move(groups)) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

  void Execute() override {
    error_ = SetGroups(groups_);
    if (error_ == 0) error_ = SetGroupIds(kSameGid, gid_, kSameGid);
    if (error_ == 0) error_ = SetUserIds(kSameUid, uid_, kSameUid);
  }

  void OnOK() override { deferred_.Resolve(Napi::Number::New(Env(), error_)); }

 private:
  Napi::Promise::Deferred deferred_;
  uid_t uid_;
  gid_t gid_;
  std::vector<gid_t> groups_;
  int error_ = 0;
};

}  // namespace

Napi::Value ChangePoolThread(const Napi::CallbackInfo& info) {
  const auto list = info[2].As<Napi::Array>();
  std::vector<gid_t> groups;
  for (std::uint32_t index = 0; index < list.Length(); ++index) {
    groups.push_back(list.Get(index).ToNumber().Uint32Value());
  }
  // Deletes itself when the job is done.
  auto* change = new Change(info.Env(), info[0].ToNumber().Uint32Value(), info[1].ToNumber().Uint32Value(),
                            std::move(groups));
  const Napi::Value promise = change->promise();
  change->Queue();
  return promise;
}

}  // namespace probe
