// What the machine allows: posix_spawn with two pipes, both read to end of file, and a blocking waitid, in N threads.
// No event loop, no hand-over, no garbage collector. Each driver's rate is given as a share of this one.
//
//   bound processes IN_FLIGHT WARM_MS WINDOW_MS RESIDENT_MB BYTES FILE [ARG...]
//   bound stdout CHILDREN BYTES FILE [ARG...]
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static char **child_argv;
static long long expected_bytes;
static bool large_pipes;
static atomic_llong completed;
static atomic_bool stopping;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static double cpu_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void sleep_ms(long ms) {
  struct timespec t = {ms / 1000, ms % 1000 * 1000000};
  while (nanosleep(&t, &t) < 0 && errno == EINTR) {
  }
}

static long long read_to_eof(int fd, char *buffer, size_t size) {
  long long total = 0;
  for (;;) {
    ssize_t n = read(fd, buffer, size);
    if (n == 0) return total;
    if (n > 0) total += n;
    else if (errno != EINTR) die("read");
  }
}

static void run_one(char *buffer, size_t size) {
  int out[2], err[2];
  if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0) die("pipe2");
  if (large_pipes) fcntl(out[0], F_SETPIPE_SZ, 1024 * 1024);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  posix_spawn_file_actions_adddup2(&actions, err[1], 2);
  pid_t pid;
  int rc = posix_spawn(&pid, child_argv[0], &actions, NULL, child_argv, environ);
  if (rc != 0) {
    errno = rc;
    die("posix_spawn");
  }
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  close(err[1]);
  long long bytes = read_to_eof(out[0], buffer, size);
  read_to_eof(err[0], buffer, size);
  close(out[0]);
  close(err[0]);
  siginfo_t info;
  while (waitid(P_PID, (id_t)pid, &info, WEXITED) < 0) {
    if (errno != EINTR) die("waitid");
  }
  if (info.si_code != CLD_EXITED || info.si_status != 0 || bytes != expected_bytes) {
    fprintf(stderr, "bound: status %d, %lld bytes, expected %lld\n", info.si_status, bytes, expected_bytes);
    exit(1);
  }
}

// With `once`, one child; else children until the window is over.
static void *lane(void *once) {
  size_t size = 64 * 1024;
  char *buffer = malloc(size);
  do {
    run_one(buffer, size);
    atomic_fetch_add(&completed, 1);
  } while (!once && !atomic_load(&stopping));
  free(buffer);
  return NULL;
}

static pthread_t *start_lanes(long count, void *once) {
  pthread_t *threads = calloc((size_t)count, sizeof *threads);
  for (long i = 0; i < count; i++) {
    if (pthread_create(&threads[i], NULL, lane, once) != 0) die("pthread_create");
  }
  return threads;
}

static void join_lanes(pthread_t *threads, long count) {
  for (long i = 0; i < count; i++) pthread_join(threads[i], NULL);
  free(threads);
}

static void processes(long in_flight, long warm_ms, long window_ms, size_t resident_mb) {
  char *resident = malloc(resident_mb * 1024 * 1024 + 1);
  memset(resident, 1, resident_mb * 1024 * 1024 + 1);
  pthread_t *threads = start_lanes(in_flight, NULL);
  sleep_ms(warm_ms);
  long long count = atomic_load(&completed);
  double started = now_ms(), cpu = cpu_us();
  sleep_ms(window_ms);
  count = atomic_load(&completed) - count;
  double seconds = (now_ms() - started) / 1e3;
  cpu = cpu_us() - cpu;
  atomic_store(&stopping, true);
  join_lanes(threads, in_flight);
  free(resident);
  printf("{\"rate\":%.1f,\"cpuUs\":%.2f}\n", count / seconds, count ? cpu / count : 0);
}

// A pipe of the default 64 KiB bounds one child by wake-ups, not by copying: the bound has large ones.
static void stdout_throughput(long children) {
  large_pipes = true;
  double started = now_ms(), cpu = cpu_us();
  pthread_t *threads = start_lanes(children, &stopping);
  join_lanes(threads, children);
  double seconds = (now_ms() - started) / 1e3;
  double megabytes = children * expected_bytes / 1e6;
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf("{\"mbPerSecond\":%.1f,\"cpuUsPerMb\":%.2f,\"peakRssMb\":%.1f}\n", megabytes / seconds,
         (cpu_us() - cpu) / megabytes, usage.ru_maxrss / 1024.0);
}

int main(int argc, char **argv) {
  if (argc >= 8 && strcmp(argv[1], "processes") == 0) {
    expected_bytes = atoll(argv[6]);
    child_argv = argv + 7;
    processes(atol(argv[2]), atol(argv[3]), atol(argv[4]), (size_t)atol(argv[5]));
  } else if (argc >= 5 && strcmp(argv[1], "stdout") == 0) {
    expected_bytes = atoll(argv[3]);
    child_argv = argv + 4;
    stdout_throughput(atol(argv[2]));
  } else {
    fputs("usage: see the top of bound.c\n", stderr);
    return 2;
  }
  return 0;
}
