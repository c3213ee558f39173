#include "win32/program/job.h"

#include "win32/program/program_error.h"

namespace impersonate::win32 {
namespace {

bool SetLimits(HANDLE job, DWORD flags) noexcept {
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits{};
  limits.BasicLimitInformation.LimitFlags = flags;
  return SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits) != FALSE;
}

}  // namespace

Job::Job(bool tied, bool breakaway) {
  const HANDLE job = CreateJobObjectW(nullptr, nullptr);
  if (job == nullptr) throw ProgramError(GetLastError(), "CreateJobObjectW");
  job_.reset(job);
  const DWORD flags =
      (tied ? JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE : 0UL) | (breakaway ? JOB_OBJECT_LIMIT_BREAKAWAY_OK : 0UL);
  if (!SetLimits(job, flags)) throw ProgramError(GetLastError(), "SetInformationJobObject");
}

bool Job::Terminate() noexcept { return TerminateJobObject(job_.get(), 1) != FALSE; }

void Job::Release() noexcept {
  if (!job_) return;
  // If it fails, what the program has started ends with the handle.
  SetLimits(job_.get(), 0);
  job_.reset();
}

}  // namespace impersonate::win32
