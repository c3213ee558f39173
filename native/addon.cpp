#include "napi/addon.h"

NODE_API_MODULE(impersonate, impersonate::RegisterAddon)
