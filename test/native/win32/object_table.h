#pragma once

#include <map>
#include <memory>
#include <mutex>

namespace seam {

// Owns objects whose addresses C code uses as handles, and checks each handle that C code passes in.
template <typename T>
class ObjectTable {
 public:
  using Item = typename std::unique_ptr<T>::pointer;

  Item Add(std::unique_ptr<T> item) {
    const Item key = item.get();
    const std::lock_guard<std::mutex> lock(mutex_);
    items_[key] = std::move(item);
    return key;
  }

  // Null if no object has that address.
  Item Find(const void* key) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = items_.find(key);
    return found != items_.end() ? found->second.get() : nullptr;
  }

  bool Remove(const void* key) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return items_.erase(key) == 1;
  }

  size_t Count() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return items_.size();
  }

 private:
  std::mutex mutex_;
  std::map<const void*, std::unique_ptr<T>> items_;
};

}  // namespace seam
