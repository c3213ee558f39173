#include "default_security.h"

#include <windows.h>

#include <cstdint>

#include "call_failed.h"

namespace seam {
namespace {

template <typename T>
class TokenPart {
 public:
  explicit TokenPart(TOKEN_INFORMATION_CLASS what) {
    DWORD size = 0;
    if (!GetTokenInformation(GetCurrentThreadEffectiveToken(), what, memory_, sizeof memory_, &size))
      ThrowLastError("GetTokenInformation");
  }
  T* operator->() { return reinterpret_cast<T*>(memory_); }

 private:
  alignas(T) BYTE memory_[1024];
};

// The attributes with which an object is created, instead of the given ones.
class DefaultSecurity {
 public:
  explicit DefaultSecurity(const SECURITY_ATTRIBUTES* given) {
    if (given != nullptr) attributes_ = *given;
    if (attributes_.lpSecurityDescriptor != nullptr) return;
    attributes_.lpSecurityDescriptor = &descriptor_;
    InitializeSecurityDescriptor(&descriptor_, SECURITY_DESCRIPTOR_REVISION);
    SetSecurityDescriptorOwner(&descriptor_, owner_->Owner, FALSE);
    SetSecurityDescriptorGroup(&descriptor_, group_->PrimaryGroup, FALSE);
    SetSecurityDescriptorDacl(&descriptor_, TRUE, dacl_->DefaultDacl, FALSE);
  }

  SECURITY_ATTRIBUTES* attributes() { return &attributes_; }
  SECURITY_DESCRIPTOR* descriptor() { return &descriptor_; }

 private:
  TokenPart<TOKEN_OWNER> owner_{TokenOwner};
  TokenPart<TOKEN_PRIMARY_GROUP> group_{TokenPrimaryGroup};
  TokenPart<TOKEN_DEFAULT_DACL> dacl_{TokenDefaultDacl};
  SECURITY_DESCRIPTOR descriptor_{};
  SECURITY_ATTRIBUTES attributes_{sizeof attributes_, nullptr, FALSE};
};

// Replaces a function that creates an object and has its attributes as the first parameter.
template <auto function>
struct First;
template <typename... Rest, HANDLE(WINAPI* function)(LPSECURITY_ATTRIBUTES, Rest...)>
struct First<function> {
  static HANDLE WINAPI Make(LPSECURITY_ATTRIBUTES given, Rest... rest) {
    DefaultSecurity security(given);
    return function(security.attributes(), rest...);
  }
};

HANDLE WINAPI MakeFileMappingW(HANDLE file, LPSECURITY_ATTRIBUTES given, DWORD protect, DWORD high, DWORD low,
                               LPCWSTR name) {
  DefaultSecurity security(given);
  return CreateFileMappingW(file, security.attributes(), protect, high, low, name);
}

// The function has no parameter for attributes. It creates a port if it gets none.
HANDLE WINAPI MakeIoCompletionPort(HANDLE file, HANDLE existing, ULONG_PTR key, DWORD threads) {
  const HANDLE port = CreateIoCompletionPort(file, existing, key, threads);
  if (port == nullptr || existing != nullptr) return port;
  DefaultSecurity security(nullptr);
  SetKernelObjectSecurity(port, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
                          security.descriptor());
  return port;
}

using BeginThread = std::uintptr_t(__cdecl*)(void*, unsigned, unsigned(__stdcall*)(void*), void*, unsigned,
                                             unsigned*);

// The C runtime of the addon, by which its std::thread starts: the Universal CRT, or that of MinGW.
HMODULE CRuntime() {
  const HMODULE universal = GetModuleHandleW(L"ucrtbase.dll");
  return universal != nullptr ? universal : FindModule(L"msvcrt.dll");
}

std::uintptr_t __cdecl MakeBeginThread(void* given, unsigned stack, unsigned(__stdcall* start)(void*),
                                       void* argument, unsigned flags, unsigned* id) {
  static const auto begin =
      reinterpret_cast<BeginThread>(reinterpret_cast<void*>(GetProcAddress(CRuntime(), "_beginthreadex")));
  DefaultSecurity security(static_cast<const SECURITY_ATTRIBUTES*>(given));
  return begin(security.attributes(), stack, start, argument, flags, id);
}

}  // namespace

std::vector<Substitute> DefaultSecuritySubstitutes() {
  return {
      Replace("CreateThread", First<&CreateThread>::Make),
      Replace("CreateEventA", First<&CreateEventA>::Make),
      Replace("CreateEventW", First<&CreateEventW>::Make),
      Replace("CreateMutexW", First<&CreateMutexW>::Make),
      Replace("CreateSemaphoreA", First<&CreateSemaphoreA>::Make),
      Replace("CreateSemaphoreW", First<&CreateSemaphoreW>::Make),
      Replace("CreateWaitableTimerExW", First<&CreateWaitableTimerExW>::Make),
      Replace("CreateJobObjectW", First<&CreateJobObjectW>::Make),
      Replace("CreateFileMappingW", MakeFileMappingW),
      Replace("CreateIoCompletionPort", MakeIoCompletionPort),
      Replace("_beginthreadex", MakeBeginThread),
  };
}

}  // namespace seam
