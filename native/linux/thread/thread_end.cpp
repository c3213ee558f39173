#include "core/port.h"

namespace impersonate::port {
namespace {

struct ThreadEnd {
  ~ThreadEnd() {
    if (at_end) at_end(data);
  }
  void (*at_end)(void*) = nullptr;
  void* data = nullptr;
};

}  // namespace

void AtThreadEnd(void (*at_end)(void* data), void* data) {
  thread_local ThreadEnd end;
  end.at_end = at_end;
  end.data = data;
}

}  // namespace impersonate::port
