#pragma once

#include "core/error.h"

namespace impersonate::linux_port {

// The refusal of `syscall` with PAM's `number`: code PAM_AUTH_ERR and the like, and the number as errno. An
// unknown user is PAM_AUTH_ERR too: who may not log on does not learn who exists.
Error PamError(int number, const char* syscall);

}  // namespace impersonate::linux_port
