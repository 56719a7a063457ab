#include "slab_pool.h"

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <vector>

namespace lastbyte {

namespace {

// Slabs kept for the next busy stream. The last one returned is the first one used: it is still in the cache, and its
// pages are mapped.
constexpr size_t kSpareSlabs = 8;

struct Pool {
  std::mutex mutex;
  std::vector<Block*> spare;
  std::atomic<size_t> bytes{0};
};

// Never destroyed: JavaScript's garbage collector returns slabs while the process exits.
Pool& pool() {
  static Pool& instance = *new Pool;
  return instance;
}

}  // namespace

Block* allocate_block(size_t capacity) {
  Pool& p = pool();
  if (capacity == kSlabBytes) {
    std::lock_guard lock(p.mutex);
    if (!p.spare.empty()) {
      Block* block = p.spare.back();
      p.spare.pop_back();
      block->size = 0;
      return block;
    }
  }
  auto* block = static_cast<Block*>(std::malloc(sizeof(Block) + capacity));
  if (block == nullptr) return nullptr;
  *block = Block{reinterpret_cast<char*>(block + 1), capacity, 0};
  p.bytes += capacity;
  return block;
}

void recycle_block(Block* block) {
  Pool& p = pool();
  if (block->capacity == kSlabBytes) {
    std::lock_guard lock(p.mutex);
    if (p.spare.size() < kSpareSlabs) {
      p.spare.push_back(block);
      return;
    }
  }
  p.bytes -= block->capacity;
  std::free(block);
}

size_t block_bytes() { return pool().bytes; }

}  // namespace lastbyte
