#include "interposer.h"

#include <cstring>
#include <initializer_list>

#include "call_failed.h"

namespace seam {
namespace {

constexpr size_t kPageSize = 4096;

class CodeWriter {
 public:
  explicit CodeWriter(BYTE* at) : at_(at) {}

  CodeWriter& Bytes(std::initializer_list<BYTE> bytes) {
    for (const BYTE byte : bytes) *at_++ = byte;
    return *this;
  }

  CodeWriter& Quad(std::uint64_t value) {
    std::memcpy(at_, &value, sizeof value);
    at_ += sizeof value;
    return *this;
  }

  BYTE* at() const { return at_; }

 private:
  BYTE* at_;
};

void WriteEntry(CodeWriter& code, std::uint64_t choose, std::uint64_t context) {
  // Saves the four register arguments in the home space that the caller has reserved for them.
  code.Bytes({0x48, 0x89, 0x4C, 0x24, 0x08})  // mov [rsp+8], rcx
      .Bytes({0x48, 0x89, 0x54, 0x24, 0x10})  // mov [rsp+16], rdx
      .Bytes({0x4C, 0x89, 0x44, 0x24, 0x18})  // mov [rsp+24], r8
      .Bytes({0x4C, 0x89, 0x4C, 0x24, 0x20})  // mov [rsp+32], r9
      .Bytes({0x48, 0x83, 0xEC, 0x28})        // sub rsp, 40
      .Bytes({0x48, 0xB9})
      .Quad(context)  // mov rcx, context
      .Bytes({0x48, 0xB8})
      .Quad(choose)                           // mov rax, choose
      .Bytes({0xFF, 0xD0})                    // call rax
      .Bytes({0x48, 0x83, 0xC4, 0x28})        // add rsp, 40
      .Bytes({0x48, 0x8B, 0x4C, 0x24, 0x08})  // mov rcx, [rsp+8]
      .Bytes({0x48, 0x8B, 0x54, 0x24, 0x10})  // mov rdx, [rsp+16]
      .Bytes({0x4C, 0x8B, 0x44, 0x24, 0x18})  // mov r8, [rsp+24]
      .Bytes({0x4C, 0x8B, 0x4C, 0x24, 0x20})  // mov r9, [rsp+32]
      .Bytes({0xFF, 0xE0});                   // jmp rax
}

void WriteFailure(CodeWriter& code, std::uint64_t value) {
  code.Bytes({0x48, 0xB8})
      .Quad(value)     // mov rax, value
      .Bytes({0xC3});  // ret
}

}  // namespace

Interposer::Interposer(Choose choose, void* context, std::uint64_t failure) {
  void* const page = VirtualAlloc(nullptr, kPageSize, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
  if (page == nullptr) ThrowLastError("VirtualAlloc");
  CodeWriter code(static_cast<BYTE*>(page));
  entry_ = code.at();
  WriteEntry(code, reinterpret_cast<std::uint64_t>(choose), reinterpret_cast<std::uint64_t>(context));
  failure_ = code.at();
  WriteFailure(code, failure);
  DWORD before = 0;
  if (!VirtualProtect(page, kPageSize, PAGE_EXECUTE_READ, &before)) ThrowLastError("VirtualProtect");
  FlushInstructionCache(GetCurrentProcess(), page, kPageSize);
}

}  // namespace seam
