// What scripts/verify-windows.mjs needs of the computer.

#include <memory>

#include "accounts.h"
#include "bindings.h"
#include "drives.h"
#include "js_values.h"
#include "negotiate_client.h"
#include "process_token.h"

namespace seam {
namespace {

std::unique_ptr<Secret> ReadSecret(const Napi::Value& value) {
  if (!value.IsTypedArray()) throw Napi::TypeError::New(value.Env(), "a Uint8Array is needed");
  const auto bytes = value.As<Napi::Uint8Array>();
  return std::make_unique<Secret>(reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength());
}

Napi::Value Find(const Napi::CallbackInfo& info) {
  const std::optional<Account> account = FindAccount(ReadText(info[0]));
  if (!account) return info.Env().Null();
  Napi::Object out = Napi::Object::New(info.Env());
  out.Set("sid", WriteText(info.Env(), account->sid));
  out.Set("comment", WriteText(info.Env(), account->comment));
  return out;
}

Napi::Value Create(const Napi::CallbackInfo& info) {
  CreateAccount(ReadText(info[0]), ReadText(info[1]), *ReadSecret(info[2]));
  return info.Env().Undefined();
}

Napi::Value Disable(const Napi::CallbackInfo& info) {
  SetAccountDisabled(ReadText(info[0]), info[1].As<Napi::Boolean>());
  return info.Env().Undefined();
}

Napi::Value Delete(const Napi::CallbackInfo& info) {
  DeleteAccount(ReadText(info[0]));
  return info.Env().Undefined();
}

Napi::Value DeleteProfile(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), DeleteProfileOf(ReadText(info[0])));
}

Napi::Value SetAccess(const Napi::CallbackInfo& info) {
  SetFileAccess(ReadText(info[0]), ReadText(info[1]));
  return info.Env().Undefined();
}

Napi::Value MapDrive(const Napi::CallbackInfo& info) {
  DefineDrive(ReadText(info[0]), ReadText(info[1]));
  return info.Env().Undefined();
}

Napi::Value UnmapDrive(const Napi::CallbackInfo& info) {
  RemoveDrive(ReadText(info[0]), ReadText(info[1]));
  return info.Env().Undefined();
}

// Opens a pipe as the calling thread, which connectPeer() does as the process, and writes one byte.
Napi::Value OpenPipe(const Napi::CallbackInfo& info) {
  const DWORD quality = SECURITY_SQOS_PRESENT | (static_cast<DWORD>(ReadLevel(info[2])) << 16);
  const HANDLE opened = CreateFileW(ReadText(info[0]).c_str(), ReadNumber(info[1]), 0, nullptr, OPEN_EXISTING,
                                    quality, nullptr);
  if (opened == INVALID_HANDLE_VALUE) ThrowLastError("CreateFileW");
  Handle pipe(opened);
  DWORD written = 0;
  if (!WriteFile(pipe.get(), "x", 1, &written, nullptr)) ThrowLastError("WriteFile");
  return WriteHandle(info.Env(), std::move(pipe));
}

Napi::Value OwnToken(const Napi::CallbackInfo& info) { return WriteHandle(info.Env(), OpenOwnToken()); }

Napi::Value RemovePrivilege(const Napi::CallbackInfo& info) {
  RemoveOwnPrivilege(ReadText(info[0]));
  return info.Env().Undefined();
}

Napi::Value SelfAt(const Napi::CallbackInfo& info) {
  ImpersonateSelfAt(ReadLevel(info[0]));
  return info.Env().Undefined();
}

Napi::Value ReadWine(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), IsWine()); }

Napi::Value StepOf(const std::shared_ptr<NegotiateClient>& client, const Napi::CallbackInfo& info) {
  std::vector<BYTE> reply;
  if (info[0].IsTypedArray()) {
    const auto bytes = info[0].As<Napi::Uint8Array>();
    reply.assign(bytes.Data(), bytes.Data() + bytes.ByteLength());
  }
  try {
    const std::vector<BYTE> message = client->Step(std::move(reply));
    return Napi::Buffer<BYTE>::Copy(info.Env(), message.data(), message.size());
  } catch (const CallFailed& failure) {
    throw ErrorOf(info.Env(), failure);
  }
}

Napi::Value Client(const Napi::CallbackInfo& info) {
  const std::unique_ptr<Secret> password = ReadSecret(info[3]);
  const auto client = std::make_shared<NegotiateClient>(
      ReadText(info[0]), ReadText(info[1]), ReadText(info[2]), *password, info[4].As<Napi::Boolean>());
  return Napi::Function::New(info.Env(),
                             [client](const Napi::CallbackInfo& call) { return StepOf(client, call); });
}

}  // namespace

void BindMachine(Napi::Object& exports) {
  Export<Find>(exports, "findAccount");
  Export<Create>(exports, "createAccount");
  Export<Disable>(exports, "setAccountDisabled");
  Export<Delete>(exports, "deleteAccount");
  Export<DeleteProfile>(exports, "deleteProfile");
  Export<SetAccess>(exports, "setFileAccess");
  Export<MapDrive>(exports, "defineDrive");
  Export<UnmapDrive>(exports, "removeDrive");
  Export<OpenPipe>(exports, "openPipe");
  Export<OwnToken>(exports, "ownToken");
  Export<RemovePrivilege>(exports, "removeOwnPrivilege");
  Export<SelfAt>(exports, "impersonateSelf");
  Export<ReadWine>(exports, "isWine");
  Export<Client>(exports, "negotiateClient");
}

}  // namespace seam
