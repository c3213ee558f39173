#include "napi/fs_call.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/error.h"
#include "napi/arguments.h"
#include "napi/environment.h"

namespace impersonate {
namespace {

std::string PathArgument(const Napi::Value& value) {
  std::string path;
  if (value.IsString()) {
    path = value.As<Napi::String>().Utf8Value();
  } else if (const std::optional<Napi::Uint8Array> bytes = AsBytes(value)) {
    path.assign(reinterpret_cast<const char*>(bytes->Data()), bytes->ByteLength());
  } else {
    throw Error("ERR_INVALID_ARG_TYPE", "A path must be a string or bytes");
  }
  if (path.find('\0') != std::string::npos) {
    throw Error("ERR_INVALID_ARG_VALUE", "A path must not contain null bytes");
  }
  return path;
}

double NumberArgument(const Napi::Value& value) {
  if (!value.IsNumber()) throw Error("ERR_INVALID_ARG_TYPE", "The argument must be a number");
  return value.As<Napi::Number>().DoubleValue();
}

std::int64_t WholeArgument(const Napi::Value& value) {
  if (!value.IsNumber()) throw Error("ERR_INVALID_ARG_TYPE", "The argument must be an integer");
  return value.As<Napi::Number>().Int64Value();
}

std::shared_ptr<fs::Directory> DirectoryArgument(const Napi::CallbackInfo& info, std::size_t index,
                                                 const fs::Operation& operation) {
  IdTable<fs::Directory>& directories = Environment::Of(info.Env()).directories();
  const std::int32_t id = IntegerArgument(info, index);
  return std::strcmp(operation.name, "closedir") == 0 ? directories.Take(id) : directories.Find(id);
}

// The numbers as BigInts or as doubles; those from `signed_from` on are signed.
template <std::size_t Count>
Napi::Value NumbersOf(Napi::Env env, bool bigint, const std::uint64_t (&fields)[Count],
                      std::size_t signed_from = Count) {
  Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, Count * sizeof(std::uint64_t));
  if (bigint) {
    std::memcpy(buffer.Data(), fields, Count * sizeof(std::uint64_t));
    return Napi::BigInt64Array::New(env, Count, buffer, 0);
  }
  auto* const doubles = static_cast<double*>(buffer.Data());
  for (std::size_t i = 0; i < Count; ++i) {
    doubles[i] = i < signed_from ? static_cast<double>(fields[i])
                                 : static_cast<double>(static_cast<std::int64_t>(fields[i]));
  }
  return Napi::Float64Array::New(env, Count, buffer, 0);
}

// Times are signed, also in an unsigned field.
std::uint64_t Bits(long value) { return static_cast<std::uint64_t>(static_cast<std::int64_t>(value)); }

Napi::Value Name(Napi::Env env, bool bytes, const std::string& name) {
  if (bytes) return Napi::Buffer<char>::Copy(env, name.data(), name.size());
  return Napi::String::New(env, name);
}

struct ToValue {
  Napi::Env env;
  bool form;

  Napi::Value operator()(std::monostate) const { return env.Undefined(); }
  Napi::Value operator()(fs::NoMoreEntries) const { return env.Null(); }
  Napi::Value operator()(const fs::Descriptor& opened) const { return Napi::Number::New(env, opened.fd); }
  Napi::Value operator()(const std::string& name) const { return Name(env, form, name); }
  Napi::Value operator()(const fs::Guarded& guarded) const {
    Napi::Array both = Napi::Array::New(env, 2);
    both[0u] = Napi::Number::New(env, guarded.fd);
    both[1u] = Name(env, form, guarded.path);
    return both;
  }
  Napi::Value operator()(const fs::Unwritten& file) const {
    Napi::Array both = Napi::Array::New(env, 2);
    both[0u] = Napi::Number::New(env, file.fd);
    both[1u] = Napi::Number::New(env, static_cast<double>(file.count));
    return both;
  }
  Napi::Value operator()(const fs::Contents& contents) const {
    return Napi::Buffer<char>::Copy(env, contents.data(), contents.size());
  }

  Napi::Value operator()(const uv_stat_t& stat) const {
    const std::uint64_t fields[] = {stat.st_dev,
                                    stat.st_mode,
                                    stat.st_nlink,
                                    stat.st_uid,
                                    stat.st_gid,
                                    stat.st_rdev,
                                    stat.st_blksize,
                                    stat.st_ino,
                                    stat.st_size,
                                    stat.st_blocks,
                                    Bits(stat.st_atim.tv_sec),
                                    Bits(stat.st_atim.tv_nsec),
                                    Bits(stat.st_mtim.tv_sec),
                                    Bits(stat.st_mtim.tv_nsec),
                                    Bits(stat.st_ctim.tv_sec),
                                    Bits(stat.st_ctim.tv_nsec),
                                    Bits(stat.st_birthtim.tv_sec),
                                    Bits(stat.st_birthtim.tv_nsec)};
    // The times, which may be before 1970.
    return NumbersOf(env, form, fields, 10);
  }

  Napi::Value operator()(const uv_statfs_t& stat) const {
    const std::uint64_t fields[] = {stat.f_type,   stat.f_bsize, stat.f_blocks, stat.f_bfree,
                                    stat.f_bavail, stat.f_files, stat.f_ffree,  fs::FragmentSize(stat)};
    return NumbersOf(env, form, fields);
  }

  Napi::Value operator()(const fs::Entries& entries) const {
    Napi::Array both = Napi::Array::New(env, 2);
    both[0u] = form ? ByteNames(entries) : Name(env, false, entries.names);
    both[1u] = Napi::String::New(env, entries.types);
    return both;
  }

  Napi::Value operator()(const std::shared_ptr<fs::Directory>& directory) const {
    return Napi::Number::New(env, Environment::Of(env).directories().Add(directory));
  }

 private:
  Napi::Value ByteNames(const fs::Entries& entries) const {
    Napi::Array names = Napi::Array::New(env, entries.types.size());
    std::size_t begin = 0;
    for (std::uint32_t i = 0; i < entries.types.size(); ++i) {
      const std::size_t end = std::min(entries.names.find('/', begin), entries.names.size());
      names[i] = Name(env, true, entries.names.substr(begin, end - begin));
      begin = end + 1;
    }
    return names;
  }
};

}  // namespace

fs::Call FsCallArgument(const Napi::CallbackInfo& info, std::size_t number, std::size_t first) {
  const std::int32_t index = IntegerArgument(info, number);
  if (index < 0 || static_cast<std::size_t>(index) >= fs::kOperationCount) {
    throw Error("ERR_INVALID_ARG_VALUE", "There is no file system call of that number");
  }
  fs::Call call;
  call.operation = &fs::kOperations[index];
  for (const fs::Argument argument : call.operation->arguments) {
    switch (argument) {
      case fs::Argument::kNone:
        break;
      case fs::Argument::kPath:
        call.path = PathArgument(info[first++]);
        break;
      case fs::Argument::kDest:
        call.dest = PathArgument(info[first++]);
        break;
      case fs::Argument::kFirst:
        call.first = WholeArgument(info[first++]);
        break;
      case fs::Argument::kSecond:
        call.second = WholeArgument(info[first++]);
        break;
      case fs::Argument::kThird:
        call.third = WholeArgument(info[first++]);
        break;
      case fs::Argument::kTimes:
        call.atime = NumberArgument(info[first++]);
        call.mtime = NumberArgument(info[first++]);
        break;
      case fs::Argument::kData: {
        const std::vector<unsigned char> bytes = BytesArgument(info, first++);
        call.data.assign(bytes.begin(), bytes.end());
        break;
      }
      case fs::Argument::kForm:
        call.form = info[first++].ToBoolean();
        break;
      case fs::Argument::kDirectory:
        call.directory = DirectoryArgument(info, first++, *call.operation);
        break;
    }
  }
  return call;
}

Napi::Value FsResult(Napi::Env env, fs::Call& call) {
  return std::visit(ToValue{env, call.form}, call.result);
}

}  // namespace impersonate
