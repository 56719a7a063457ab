#pragma once

#include <atomic>
#include <mutex>
#include <vector>

#include "slab_pool.h"

namespace lastbyte {

// Slabs that the consumer has lent to the pumps: memory of its own, which it gets back filled, without a copy and
// without a finalizer. JavaScript's young-generation collector frees such buffers within milliseconds, so that the next
// ones are warm; buffers that wrap our memory live until a full collection. Thread-safe.
class SlabDepot {
 public:
  // New ones are lent when fewer lie here; ones that come back are taken up to the larger number, and are the warmest.
  static constexpr size_t kFewest = 3;
  static constexpr size_t kMost = 4;

  // A slab of kSlabBytes, or null where none is here; then some are asked for.
  Block* borrow();
  // Unused, or its bytes have been copied.
  void give_back(Block* block);

  // The consumer's side. How many new ones to lend, and whether one that is used up is welcome.
  size_t wanted() const;
  bool has_room() const;
  void lend(Block* block);
  // Takes all that lie here back, for good.
  std::vector<Block*> withdraw();

 private:
  std::atomic<bool> asked_{false};
  mutable std::mutex mutex_;
  std::vector<Block*> slabs_;
  bool closed_ = false;
};

}  // namespace lastbyte
