// Memory for output: the engine's own slabs, and those that a consumer lends.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <memory>
#include <set>

#include "core/slab_depot.h"
#include "support/consumer.h"
#include "support/host.h"
#include "support/pattern_check.h"
#include "support/requests.h"

using namespace lastbyte;
using namespace lastbyte::test;

namespace {

// Lends slabs as JavaScript does, and knows where each of them is.
class Lender {
 public:
  explicit Lender(SlabDepot* depot) : depot_(depot) {}
  ~Lender() {
    for (Block* block : depot_->withdraw()) come_back(block);
    // Each is here again, once: none has been lost, none is still being written to.
    CHECK(out_.empty());
    CHECK(depot_->wanted() == 0);
    CHECK_FALSE(depot_->has_room());
  }
  Lender(const Lender&) = delete;
  Lender& operator=(const Lender&) = delete;

  size_t lend_wanted() {
    const size_t count = depot_->wanted();
    for (size_t i = 0; i < count; i++) {
      memory_.push_back(std::make_unique<char[]>(kSlabBytes));
      auto* block = new Block{.data = memory_.back().get(), .capacity = kSlabBytes, .size = 0, .depot = depot_, .lender = this};
      out_.insert(block);
      depot_->lend(block);
    }
    lent_ += count;
    return count;
  }

  // A block that was delivered is the consumer's.
  void come_back(Block* block) {
    REQUIRE(out_.erase(block) == 1);
    CHECK(block->lender == this);
    delete block;
  }

  size_t lent() const { return lent_; }

 private:
  SlabDepot* depot_;
  std::set<Block*> out_;
  size_t lent_ = 0;
  std::vector<std::unique_ptr<char[]>> memory_;
};

}  // namespace

TEST_CASE("our own slabs are used again, and only so many are kept") {
  std::vector<BlockPtr> blocks;
  for (int i = 0; i < 20; i++) blocks.emplace_back(allocate_block(kSlabBytes));
  const size_t all = block_bytes();
  for (BlockPtr& block : blocks) {
    CHECK(block->size == 0);
    CHECK(block->depot == nullptr);
    block->size = 5;
  }
  blocks.clear();
  CHECK(block_bytes() == all - 12 * kSlabBytes);
  BlockPtr again(allocate_block(kSlabBytes));
  CHECK(again->size == 0);
  CHECK(again->capacity == kSlabBytes);
  CHECK(block_bytes() == all - 12 * kSlabBytes);
  // Odd sizes are given back at once.
  const size_t before = block_bytes();
  BlockPtr(allocate_block(12'345));
  CHECK(block_bytes() == before);
}

TEST_CASE("a depot asks for slabs when somebody has wanted one, and the last to come is the first to go") {
  SlabDepot depot;
  CHECK(depot.wanted() == 0);
  CHECK(depot.borrow() == nullptr);
  CHECK(depot.wanted() == SlabDepot::kFewest);
  std::vector<std::unique_ptr<Block>> blocks;
  for (size_t i = 0; i < SlabDepot::kFewest; i++) {
    blocks.push_back(std::make_unique<Block>(Block{.data = nullptr, .capacity = kSlabBytes, .size = 7, .depot = &depot}));
    depot.lend(blocks.back().get());
  }
  CHECK(depot.wanted() == 0);
  CHECK(depot.has_room());
  Block* const newest = depot.borrow();
  CHECK(newest == blocks.back().get());
  CHECK(newest->size == 0);
  CHECK(depot.wanted() == 1);
  // A block that is dropped anywhere finds its way home.
  BlockPtr{newest};
  CHECK(depot.wanted() == 0);
  CHECK(depot.withdraw().size() == blocks.size());
  CHECK(depot.wanted() == 0);
  CHECK_FALSE(depot.has_room());
  CHECK(depot.borrow() == nullptr);
}

TEST_CASE("busy streams fill what was lent, and every slab comes back: delivered, dropped, cancelled, closed") {
  const Residue residue;
  for (const char* const end : {"drained", "cancelled", "closed", "torn down"}) {
    const std::string how = end;
    CAPTURE(how);
    Consumer consumer;
    const std::shared_ptr<Tenant> tenant = consumer.tenant();
    Lender lender(&tenant->depot);
    constexpr uint64_t kSize = 64 << 20;
    uint64_t zeroes = 0;
    Run& run = consumer.start(with_window(
        how == "drained" ? program({"/usr/bin/head", "-c", std::to_string(kSize), "/dev/zero"}) : program({"/usr/bin/yes"}),
        4 << 20));
    run.on_output = [&](int, const char* data, size_t size) {
      zeroes += static_cast<uint64_t>(std::count(data, data + std::min<size_t>(size, 16), '\0')) == std::min<size_t>(size, 16)
                    ? size
                    : 0;
      return true;
    };
    run.on_block = [&](BlockPtr block) {
      if (block->depot != nullptr) lender.come_back(block.release());
      lender.lend_wanted();
    };
    if (how == "drained") {
      consumer.settle(run);
      CHECK(zeroes == kSize);
    } else {
      consumer.until("lent slabs come back", [&] { return lender.lent() > 20; });
      if (how == "cancelled") consumer.cancel(run, 1);
      if (how == "closed") consumer.engine().close(*tenant);
      if (how != "torn down") consumer.settle(run);
    }
    CHECK(lender.lent() > 0);
    consumer.shut_down();
  }
  residue.check_threads();
}
