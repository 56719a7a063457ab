#pragma once

#include <sys/types.h>

#include <set>
#include <string>

namespace lastbyte::test {

// What an engine must not leave behind in this process.
class Residue {
 public:
  // As things are now; before the first engine.
  Residue();
  // No descriptor more or less than then, and no child, running or zombie.
  void check() const;
  // The same, and none of the engine's threads: where the last engine has gone.
  void check_threads() const;

 private:
  std::set<int> descriptors_;
};

std::set<int> open_descriptors();
size_t engine_threads();
// Whether this process has a child in any state.
bool any_child();
// Whether it is our child and has ended, and nobody has collected it.
bool is_zombie(pid_t pid);
bool is_alive(pid_t pid);
// Returns when the process has gone; it need not be our child.
void await_gone(pid_t pid);

// A folder that is removed with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string path(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  std::string write(const std::string& name, const std::string& content, mode_t mode) const;

 private:
  std::string path_;
};

// A child that reads a line from path() stands there until release(). One line for each that reads.
class Gate {
 public:
  explicit Gate(const TemporaryFolder& folder, const std::string& name = "gate");
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  const std::string& path() const { return path_; }
  void release(int readers = 1);
  // The other way: returns what a child has written, one line.
  std::string read_line();

 private:
  std::string path_;
  int fd_;
};

}  // namespace lastbyte::test
