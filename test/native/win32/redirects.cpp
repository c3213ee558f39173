#include "redirects.h"

#ifdef _MSC_VER
#include <intrin.h>
#endif

#include <map>
#include <mutex>
#include <utility>

#include "call_failed.h"
#include "import_table.h"

namespace seam {
namespace {

struct Slot {
  Import import;
  void* original;
};

// The state of one function that one module calls.
struct Site {
  std::vector<Slot> slots;
  void* real = nullptr;
  void* substitute = nullptr;
  Interception* interception = nullptr;

  void* Current() const {
    void* const target = substitute != nullptr ? substitute : real;
    if (interception == nullptr) return target;
    interception->SetTarget(target);
    return interception->Entry();
  }

  void Write() const {
    const bool redirected = substitute != nullptr || interception != nullptr;
    for (const Slot& slot : slots) WriteSlot(slot.import.slot, redirected ? Current() : slot.original);
  }

  std::vector<std::string> Labels() const {
    std::vector<std::string> labels;
    for (const Slot& slot : slots) labels.push_back(slot.import.Label());
    return labels;
  }
};

HMODULE ModuleOf(const void* code) {
  HMODULE module = nullptr;
  GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                     static_cast<LPCWSTR>(code), &module);
  return module;
}

// Neither the patched module nor this one may be unloaded while a slot points here.
void Pin(const void* code) {
  HMODULE module = nullptr;
  const DWORD flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN;
  if (!GetModuleHandleExW(flags, static_cast<LPCWSTR>(code), &module)) ThrowLastError("GetModuleHandleExW");
}

FARPROC WINAPI SubstituteGetProcAddress(HMODULE dll, LPCSTR name);

class Redirects {
 public:
  std::vector<std::string> Redirect(HMODULE module, const std::vector<Substitute>& substitutes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<std::string> labels;
    for (const Substitute& substitute : substitutes) Put(module, substitute, labels);
    Put(module, Replace<decltype(GetProcAddress)>("GetProcAddress", SubstituteGetProcAddress), labels);
    return labels;
  }

  std::vector<std::string> Intercept(HMODULE module, const std::string& function, Interception& interception,
                                     bool late) {
    const std::lock_guard<std::mutex> lock(mutex_);
    Site& site = SiteOf(module, function);
    if (site.slots.empty() && !late) throw CallFailed("import of " + function, ERROR_PROC_NOT_FOUND);
    std::vector<std::string> get_proc_address;
    Put(module, Replace<decltype(GetProcAddress)>("GetProcAddress", SubstituteGetProcAddress),
        get_proc_address);
    site.interception = &interception;
    site.Write();
    return site.Labels();
  }

  void RemoveInterceptions() {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (auto& entry : sites_) {
      entry.second.interception = nullptr;
      entry.second.Write();
    }
  }

  void Restore() {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (auto& entry : sites_) {
      entry.second.interception = nullptr;
      entry.second.substitute = nullptr;
      entry.second.Write();
    }
    sites_.clear();
  }

  // The address that `caller` gets for a function whose real address is `real`.
  void* Resolve(HMODULE caller, const char* function, void* real) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = sites_.find({caller, function});
    if (found == sites_.end()) return real;
    if (found->second.real == nullptr) found->second.real = real;
    return found->second.Current();
  }

 private:
  void Put(HMODULE module, const Substitute& substitute, std::vector<std::string>& labels) {
    Site& site = SiteOf(module, substitute.name);
    site.substitute = substitute.function;
    site.Write();
    const std::vector<std::string> own = site.Labels();
    labels.insert(labels.end(), own.begin(), own.end());
  }

  Site& SiteOf(HMODULE module, const std::string& function) {
    const auto placed = sites_.try_emplace({module, function});
    Site& site = placed.first->second;
    if (!placed.second) return site;
    Pin(module);
    Pin(reinterpret_cast<const void*>(&SubstituteGetProcAddress));
    for (const Import& import : ListImports(module)) {
      if (import.name != function) continue;
      if (site.real == nullptr) site.real = ResolveImport(module, import);
      site.slots.push_back({import, *import.slot});
    }
    return site;
  }

  std::mutex mutex_;
  std::map<std::pair<HMODULE, std::string>, Site> sites_;
};

// One for the process, like the import tables. Never destroyed: redirected calls are made until the process
// ends.
Redirects& TheRedirects() {
  static Redirects& redirects = *new Redirects;
  return redirects;
}

FARPROC WINAPI SubstituteGetProcAddress(HMODULE dll, LPCSTR name) {
#ifdef _MSC_VER
  const void* const caller = _ReturnAddress();
#else
  const void* const caller = __builtin_return_address(0);
#endif
  const FARPROC real = GetProcAddress(dll, name);
  const bool by_ordinal = reinterpret_cast<ULONG_PTR>(name) <= MAXWORD;
  if (real == nullptr || by_ordinal) return real;
  const DWORD error = GetLastError();
  void* const resolved = TheRedirects().Resolve(ModuleOf(caller), name, reinterpret_cast<void*>(real));
  SetLastError(error);
  return reinterpret_cast<FARPROC>(resolved);
}

}  // namespace

HMODULE FindModule(const std::wstring& name) {
  const HMODULE module = GetModuleHandleW(name.empty() ? nullptr : name.c_str());
  if (module == nullptr) ThrowLastError("GetModuleHandleW");
  return module;
}

std::vector<std::string> RedirectImports(HMODULE module, const std::vector<Substitute>& substitutes) {
  return TheRedirects().Redirect(module, substitutes);
}

std::vector<std::string> InterceptImport(HMODULE module, const std::string& function,
                                         Interception& interception, bool late) {
  return TheRedirects().Intercept(module, function, interception, late);
}

void RemoveInterceptions() { TheRedirects().RemoveInterceptions(); }

void RestoreImports() { TheRedirects().Restore(); }

}  // namespace seam
