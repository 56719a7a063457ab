#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "execution.h"
#include "tenant.h"

namespace lastbyte {

// What one round of a stream pump leaves to be done at its end: one wake for all that the round has posted.
class PumpTurn {
 public:
  // Events were posted for this execution.
  void touch(const Execution& execution) {
    // A command that is this young is likely to be done in a moment, and then its output and its Exit need one wake.
    if (sys::now_ns() - execution.started_ns > kYoungNs) patient_ = false;
    for (const auto& tenant : touched_) {
      if (tenant == execution.tenant) return;
    }
    touched_.push_back(execution.tenant);
  }

  // The poller's answer may name a stream that an earlier part of the same answer has ended.
  void keep_until_end(std::shared_ptr<Execution> execution) { graveyard_.push_back(std::move(execution)); }

  void end() {
    graveyard_.clear();
    if (touched_.empty()) return;
    const uint64_t now = sys::now_ns();
    if (touched_since_ == 0) touched_since_ = now;
    if (patient_ && now - touched_since_ < kPatienceNs) return;
    for (const auto& tenant : touched_) tenant->queue.flush();
    touched_.clear();
    touched_since_ = 0;
    patient_ = true;
  }

  // Nanoseconds until a wake is due that has been put off; negative: there is none.
  int64_t due() const { return touched_.empty() ? -1 : static_cast<int64_t>(kPatienceNs); }

 private:
  static constexpr uint64_t kYoungNs = 10'000'000;
  static constexpr uint64_t kPatienceNs = 250'000;

  std::vector<std::shared_ptr<Tenant>> touched_;
  uint64_t touched_since_ = 0;
  bool patient_ = true;
  std::vector<std::shared_ptr<Execution>> graveyard_;
};

}  // namespace lastbyte
