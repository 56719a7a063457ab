#include "tenant.h"

#include <chrono>

#include "execution.h"

namespace lastbyte {

void Tenant::insert(std::shared_ptr<Execution> execution) {
  std::lock_guard lock(mutex_);
  executions_.emplace(execution->id, std::move(execution));
}

std::shared_ptr<Execution> Tenant::find(uint64_t id) const {
  std::lock_guard lock(mutex_);
  const auto found = executions_.find(id);
  return found == executions_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<Execution>> Tenant::all() const {
  std::vector<std::shared_ptr<Execution>> result;
  std::lock_guard lock(mutex_);
  result.reserve(executions_.size());
  for (const auto& entry : executions_) result.push_back(entry.second);
  return result;
}

void Tenant::remove(uint64_t id) {
  std::shared_ptr<Execution> removed;
  std::lock_guard lock(mutex_);
  const auto found = executions_.find(id);
  if (found == executions_.end()) return;
  removed = std::move(found->second);
  executions_.erase(found);
  if (executions_.empty()) emptied_.notify_all();
}

size_t Tenant::live() const {
  std::lock_guard lock(mutex_);
  return executions_.size();
}

void Tenant::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
}

bool Tenant::closed() const {
  std::lock_guard lock(mutex_);
  return closed_;
}

bool Tenant::wait_until_empty(int milliseconds) {
  std::unique_lock lock(mutex_);
  return emptied_.wait_for(lock, std::chrono::milliseconds(milliseconds), [&] { return executions_.empty(); });
}

}  // namespace lastbyte
