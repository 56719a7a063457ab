#include "slab_pool.h"

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

#include "slab_depot.h"

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
  void* const memory = std::malloc(sizeof(Block) + capacity);
  if (memory == nullptr) return nullptr;
  auto* block = new (memory) Block{.data = static_cast<char*>(memory) + sizeof(Block), .capacity = capacity};
  p.bytes += capacity;
  return block;
}

void recycle_block(Block* block) {
  if (block->depot != nullptr) {
    block->depot->give_back(block);
    return;
  }
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
