#include "napi/addon.h"

using impersonate::RegisterAddon;

NODE_API_MODULE(impersonate, RegisterAddon)
