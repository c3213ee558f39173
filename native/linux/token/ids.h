#pragma once

#include <sys/types.h>

#include <string>

namespace impersonate::linux_port {

// A decimal id; throws ERR_INVALID_ARG_VALUE naming `argument` for anything else, 4294967295 included.
uid_t ParseUid(const std::string& text, const char* argument);
gid_t ParseGid(const std::string& text, const char* argument);

}  // namespace impersonate::linux_port
