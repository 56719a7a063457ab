#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "execution.h"
#include "tenant.h"

namespace lastbyte {

// What one round of a stream pump leaves to be done at its end.
class PumpTurn {
 public:
  // Events were posted for this execution: one wake for all that the round posts.
  void touch(const Execution& execution) {
    for (const auto& tenant : touched_) {
      if (tenant == execution.tenant) return;
    }
    touched_.push_back(execution.tenant);
  }

  // The poller's answer may name a stream that an earlier part of the same answer has ended.
  void keep_until_end(std::shared_ptr<Execution> execution) { graveyard_.push_back(std::move(execution)); }

  void end() {
    for (const auto& tenant : touched_) tenant->queue.flush();
    touched_.clear();
    graveyard_.clear();
  }

 private:
  std::vector<std::shared_ptr<Tenant>> touched_;
  std::vector<std::shared_ptr<Execution>> graveyard_;
};

}  // namespace lastbyte
