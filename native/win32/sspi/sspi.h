#pragma once

#include <windows.h>

// sspi.h asks for this before it says anything.
#define SECURITY_WIN32
#include <security.h>
