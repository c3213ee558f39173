#include "win32/sspi/server_credentials.h"

#include "win32/sspi/sspi_error.h"
#include "win32/text.h"

namespace impersonate::win32 {
namespace {

ULONG MaxMessageOf(std::wstring& package) {
  SecPkgInfoW* info = nullptr;
  const SECURITY_STATUS status = QuerySecurityPackageInfoW(package.data(), &info);
  if (status != SEC_E_OK) throw SspiError(status, "QuerySecurityPackageInfoW");
  const ULONG size = info->cbMaxToken;
  FreeContextBuffer(info);
  return size;
}

}  // namespace

Win32ServerCredentials::Win32ServerCredentials(const std::string& package, const std::string& principal,
                                               bool allow_anonymous)
    : allow_anonymous_(allow_anonymous) {
  std::wstring package_name = ToWide(package);
  std::wstring principal_name = ToWide(principal);
  max_message_ = MaxMessageOf(package_name);
  TimeStamp expiry{};
  const SECURITY_STATUS status =
      AcquireCredentialsHandleW(principal.empty() ? nullptr : principal_name.data(), package_name.data(),
                                SECPKG_CRED_INBOUND, nullptr, nullptr, nullptr, nullptr, &handle_, &expiry);
  if (status != SEC_E_OK) throw SspiError(status, "AcquireCredentialsHandleW");
}

Win32ServerCredentials::~Win32ServerCredentials() { FreeCredentialsHandle(&handle_); }

}  // namespace impersonate::win32
