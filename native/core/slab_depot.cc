#include "slab_depot.h"

#include <utility>

namespace lastbyte {

Block* SlabDepot::borrow() {
  asked_ = true;
  std::lock_guard lock(mutex_);
  if (slabs_.empty()) return nullptr;
  Block* block = slabs_.back();
  slabs_.pop_back();
  block->size = 0;
  return block;
}

void SlabDepot::give_back(Block* block) {
  std::lock_guard lock(mutex_);
  slabs_.push_back(block);
}

size_t SlabDepot::wanted() const {
  if (!asked_) return 0;
  std::lock_guard lock(mutex_);
  return closed_ || slabs_.size() >= kFewest ? 0 : kFewest - slabs_.size();
}

bool SlabDepot::has_room() const {
  std::lock_guard lock(mutex_);
  return !closed_ && slabs_.size() < kMost;
}

void SlabDepot::lend(Block* block) { give_back(block); }

std::vector<Block*> SlabDepot::withdraw() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  return std::exchange(slabs_, {});
}

}  // namespace lastbyte
