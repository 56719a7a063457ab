// Writes argv[1] MiB to stdout in blocks of 64 KiB: a child whose only cost is write(2).
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { block_size = 64 * 1024 };
static char block[block_size];

int main(int argc, char **argv) {
  long long left = (argc > 1 ? atoll(argv[1]) : 0) * 1024 * 1024;
  for (size_t i = 0; i < block_size; i++) block[i] = (char)('a' + i % 26);
  while (left > 0) {
    ssize_t n = write(1, block, left < block_size ? (size_t)left : block_size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return 1;
    left -= n;
  }
  return 0;
}
