#pragma once

#include "fixtures/pattern.h"

namespace lastbyte::test {

// Compares a stream with the pattern while it comes, and keeps nothing of it.
struct PatternCheck {
  uint64_t seed = 0;
  uint64_t offset = 0;
  bool equal = true;

  void add(const char* data, size_t size) {
    // The bytes at both ends by instrumented code: that tells of a race or of freed memory.
    equal = equal && data[0] == pattern(offset, seed) && data[size - 1] == pattern(offset + size - 1, seed);
    equal = equal && compare(data, size, offset, seed);
    offset += size;
  }

 private:
  __attribute__((no_sanitize("address", "thread", "undefined"))) static bool compare(const char* data, size_t size,
                                                                                     uint64_t from, uint64_t seed) {
    for (size_t i = 0; i < size; i++) {
      if (data[i] != pattern(from + i, seed)) return false;
    }
    return true;
  }
};

}  // namespace lastbyte::test
