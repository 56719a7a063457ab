#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace lastbyte {

class SlabDepot;

// Bytes of a stream on their way to the consumer.
struct alignas(16) Block {
  char* data = nullptr;
  size_t capacity = 0;
  size_t size = 0;
  // Where it goes when it isn't delivered; null where the memory is ours.
  SlabDepot* depot = nullptr;
  // What the lender knows it by.
  void* lender = nullptr;
};

// The size of the blocks that a busy stream is read into, and that are used again.
constexpr size_t kSlabBytes = 512 * 1024;

// A block of `capacity` bytes, or null where there is no memory. Thread-safe.
Block* allocate_block(size_t capacity);
// Takes a block back, from any thread; one of ours also after the last engine has gone.
void recycle_block(Block* block);
// Bytes of all blocks that exist: handed over, in queues, or waiting to be used again.
size_t block_bytes();

struct RecycleBlock {
  void operator()(Block* block) const { recycle_block(block); }
};
using BlockPtr = std::unique_ptr<Block, RecycleBlock>;

}  // namespace lastbyte
