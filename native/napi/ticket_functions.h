#pragma once

#include <napi.h>

namespace impersonate {

// shareToken, claimToken, revokeTicket, expireTickets.
void ExportTicketFunctions(Napi::Env env, Napi::Object exports);

}  // namespace impersonate
