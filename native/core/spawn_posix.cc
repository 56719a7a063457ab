#include "spawn_posix.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "path_search.h"
#include "syscalls.h"

#ifdef __linux__
// glibc 2.34; weak, so that the addon loads where it is missing. Nothing else keeps descriptors that other code of the
// host has opened without O_CLOEXEC out of the child.
extern "C" __attribute__((weak)) int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t*, int) noexcept;
#endif

namespace lastbyte {

namespace {

class FileActions {
 public:
  FileActions() { posix_spawn_file_actions_init(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }

  int change_directory(const char* path) { return posix_spawn_file_actions_addchdir_np(&actions_, path); }

  int set_up(int fd, StdioMode mode, int end) {
    switch (mode) {
      case StdioMode::ignore:
        return posix_spawn_file_actions_addopen(&actions_, fd, "/dev/null", fd == 0 ? O_RDONLY : O_WRONLY, 0);
      case StdioMode::pipe:
      case StdioMode::descriptor:
      case StdioMode::file:
        return posix_spawn_file_actions_adddup2(&actions_, end, fd);
      case StdioMode::joined:
        // One open file description for both: what is written stays in its order.
        return posix_spawn_file_actions_adddup2(&actions_, STDOUT_FILENO, fd);
      case StdioMode::inherit:
#ifdef __APPLE__
        return posix_spawn_file_actions_addinherit_np(&actions_, fd);
#else
        // Onto itself: that clears close-on-exec, if the host has set it.
        return posix_spawn_file_actions_adddup2(&actions_, fd, fd);
#endif
    }
    return EINVAL;
  }

  int close_others() {
#ifdef __linux__
    if (posix_spawn_file_actions_addclosefrom_np != nullptr) {
      return posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
    }
#endif
    return 0;
  }

  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

class Attributes {
 public:
  explicit Attributes(bool group) {
    posix_spawnattr_init(&attributes_);
    // Node ignores SIGPIPE and SIGXFSZ, and ignored signals survive exec; so does the launchers' full mask.
    sigset_t signals;
    // Every bit: sigfillset(3) leaves out the two that glibc keeps for itself, and its posix_spawn() ignores those then.
    std::memset(&signals, 0xff, sizeof(signals));
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    int flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
    if (group) {
      posix_spawnattr_setpgroup(&attributes_, 0);
      flags |= POSIX_SPAWN_SETPGROUP;
    }
#ifdef __APPLE__
    flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#endif
    posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
  }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  ~Attributes() { posix_spawnattr_destroy(&attributes_); }

  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

// posix_spawn says the same errno for a missing directory, program or interpreter: look which one it was.
StartStage blame(const SpawnRequest& request, const std::string& path, int error) {
  if (error != ENOENT && error != EACCES && error != ENOTDIR && error != ELOOP && error != ENAMETOOLONG &&
      error != ENOEXEC && error != EPERM && error != EISDIR && error != ETXTBSY) {
    return StartStage::spawn;
  }
  struct stat info{};
  if (request.has_cwd) {
    if (sys::stat(request.cwd.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return StartStage::cwd;
    if (error == EACCES && !sys::may_execute(request.cwd.c_str())) return StartStage::cwd;
  }
  const std::string here = seen_from_here(request, path);
  // The program's own path has nothing wrong with it, so that of the interpreter it names has.
  const bool of_a_path = error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENAMETOOLONG;
  if (of_a_path && sys::stat(here.c_str(), &info) == 0) return StartStage::interpreter;
  return StartStage::program;
}

}  // namespace

SpawnResult spawn_child(const SpawnRequest& request, const int ends[3]) {
  SpawnResult result;
  std::string path;
  result.error = find_program(request, &path);
  if (result.error != 0) {
    result.stage = blame(request, request.file, result.error);
    if (result.stage != StartStage::cwd) result.stage = StartStage::program;
    return result;
  }

  FileActions actions;
  if (request.has_cwd) result.error = actions.change_directory(request.cwd.c_str());
  for (int fd = 0; fd < 3 && result.error == 0; fd++) result.error = actions.set_up(fd, request.stdio[fd], ends[fd]);
  if (result.error == 0) result.error = actions.close_others();
  if (result.error != 0) {
    result.stage = StartStage::resources;
    return result;
  }

  const Attributes attributes(request.group);
  const std::vector<char*> argv = request.argv.pointers();
  const std::vector<char*> environment = request.environment.pointers();
  result.error =
      sys::spawn(&result.pid, path.c_str(), actions.get(), attributes.get(), argv.data(), environment.data());
  if (result.error != 0) result.stage = blame(request, path, result.error);
  return result;
}

}  // namespace lastbyte
