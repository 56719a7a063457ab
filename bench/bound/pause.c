// A live child that costs next to nothing: thousands of them show what the host pays, not what `sleep` does.
#include <unistd.h>

int main(void) {
  alarm(300);  // Nobody else ends it where its host has crashed.
  for (;;) pause();
}
