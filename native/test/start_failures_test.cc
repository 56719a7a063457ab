// Starts that fail: the errno and the step of each, and nothing left of it when its waiter hears of it.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>

#include "support/consumer.h"
#include "support/fault_guard.h"
#include "support/host.h"
#include "support/requests.h"

using namespace lastbyte;
using namespace lastbyte::test;

namespace {

struct Expected {
  int error;
  StartStage stage;
};

void check_fails(Consumer& consumer, SpawnRequest request, Expected expected) {
  request.stdio[0] = StdioMode::pipe;
  const std::string file = request.file;
  CAPTURE(file);
  const Residue residue;
  Run& run = consumer.start(std::move(request));
  run.on_event = [&](const Event& event) {
    if (event.type == EventType::start_failed) residue.check();
  };
  const uint64_t waiter = consumer.wait(run);
  consumer.until("answered", [&] { return !run.waits.empty(); });
  CHECK(run.log == "FW");
  CHECK(run.waits.front() == waiter);
  CHECK(run.start_error == expected.error);
  CHECK(run.stage == expected.stage);

  Run& next = consumer.start(shell("echo works"));
  consumer.settle(next);
  CHECK(next.out == "works\n");
}

SpawnRequest in_folder(SpawnRequest request, const std::string& cwd) {
  request.has_cwd = true;
  request.cwd = cwd;
  return request;
}

}  // namespace

TEST_CASE("program, working directory and interpreter are told apart") {
  TemporaryFolder folder;
  const Residue residue;
  {
    Consumer consumer;
    const std::string file = folder.write("file", "not a folder", 0644);
    const std::string missing = folder.path("missing");
    const Expected no_program{ENOENT, StartStage::program};
    check_fails(consumer, program({missing}), no_program);
    check_fails(consumer, program({"no-such-program-anywhere"}), no_program);
    check_fails(consumer, in_folder(program({missing}), folder.path()), no_program);
    check_fails(consumer, in_folder(program({"./missing"}), folder.path()), no_program);
    check_fails(consumer, program({file + "/below"}), {ENOTDIR, StartStage::program});

    const Expected no_cwd{ENOENT, StartStage::cwd};
    check_fails(consumer, in_folder(program({"/bin/true"}), missing), no_cwd);
    check_fails(consumer, in_folder(program({"true"}), missing), no_cwd);
    check_fails(consumer, in_folder(program({missing}), missing), no_cwd);
    check_fails(consumer, in_folder(program({"/bin/true"}), file), {ENOTDIR, StartStage::cwd});
    check_fails(consumer, in_folder(program({"/bin/true"}), std::string(5000, 'x')), {ENAMETOOLONG, StartStage::cwd});

    const std::string script = folder.write("script", "#!/no/such/interpreter\n", 0755);
    check_fails(consumer, program({script}), {ENOENT, StartStage::interpreter});
    check_fails(consumer, in_folder(program({"./script"}), folder.path()), {ENOENT, StartStage::interpreter});
    const std::string below = folder.write("below", "#!" + file + "/interpreter\n", 0755);
    check_fails(consumer, program({below}), {ENOTDIR, StartStage::interpreter});
    CHECK(::symlink("loop", folder.path("loop").c_str()) == 0);
    const std::string looping = folder.write("looping", "#!" + folder.path("loop") + "\n", 0755);
    check_fails(consumer, program({looping}), {ELOOP, StartStage::interpreter});
    check_fails(consumer, program({folder.path("loop")}), {ELOOP, StartStage::program});
  }
  residue.check_threads();
}

TEST_CASE("a program that must not, or can't, be executed") {
  TemporaryFolder folder;
  Consumer consumer;
  const std::string plain = folder.write("plain", "echo no\n", 0644);
  check_fails(consumer, program({plain}), {EACCES, StartStage::program});
  check_fails(consumer, program({folder.path()}), {EACCES, StartStage::program});
  check_fails(consumer, with_environment(program({"plain"}), {"PATH=" + folder.path()}), {EACCES, StartStage::program});
  const std::string garbage = folder.write("garbage", std::string("\0\1\2\3 no format", 14), 0755);
  check_fails(consumer, program({garbage}), {ENOEXEC, StartStage::program});
  const std::string text = folder.write("text", "echo no shebang\n", 0755);
  check_fails(consumer, program({text}), {ENOEXEC, StartStage::program});
  const std::string busy = folder.write("busy", "", 0755);
  const int writer = ::open(busy.c_str(), O_WRONLY | O_CLOEXEC);
  check_fails(consumer, program({busy}), {ETXTBSY, StartStage::program});
  ::close(writer);
}

TEST_CASE("too much for exec") {
  Consumer consumer;
  const std::string large(200'000, 'x');
  const Expected too_big{E2BIG, StartStage::spawn};
  check_fails(consumer, program({"/bin/true", large}), too_big);
  check_fails(consumer, with_environment(program({"/bin/true"}), {"LARGE=" + large}), too_big);
  std::vector<std::string> many(60'000, std::string(100, 'y'));
  many.front() = "/bin/true";
  check_fails(consumer, program(many), too_big);
}

TEST_CASE("no descriptors left: EMFILE at each step, or a child that is watched without one") {
  Consumer consumer;
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const std::set<int> open = open_descriptors();
  for (int spare = 0; spare <= 8; spare++) {
    CAPTURE(spare);
    // The lowest limit with so many free numbers below it.
    rlimit low = before;
    low.rlim_cur = 0;
    for (int free = 0; free < spare || open.contains(static_cast<int>(low.rlim_cur)); low.rlim_cur++) {
      if (!open.contains(static_cast<int>(low.rlim_cur))) free++;
    }
    Run* run = nullptr;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
    run = &consumer.start(with_stdin(shell("cat; echo end; exit 7")));
    consumer.write(*run, "input ", 1);
    consumer.end(*run);
    consumer.settle(*run);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    // Three pipes need six; the pidfd takes the place of an end that the child has got.
    if (spare < 6) {
      CHECK(run->log == "F");
      CHECK(run->start_error == EMFILE);
      CHECK(run->stage == StartStage::resources);
    } else {
      CHECK(run->out == "input end\n");
      CHECK(run->outcome.code == 7);
      CHECK(keeps_contract(run->log));
    }
    CHECK_FALSE(any_child());
  }
  Run& next = consumer.start(shell("echo works"));
  consumer.settle(next);
  CHECK(next.out == "works\n");
}

TEST_CASE("a limit on processes gives EAGAIN") {
  Consumer consumer;
  FaultGuard faults;
  faults.fail(sys::Call::posix_spawn, EAGAIN);
  check_fails(consumer, program({"/bin/true"}), {EAGAIN, StartStage::spawn});
}

TEST_CASE("many failures at once, among starts that work") {
  const Residue residue;
  {
    Consumer consumer;
    for (int i = 0; i < 200; i++) {
      consumer.start(i % 3 == 0 ? shell("echo works") : program({i % 3 == 1 ? "/no/such/program" : "/etc/passwd"}));
    }
    consumer.settle_all();
    for (const auto& [id, run] : consumer.runs()) {
      switch ((id - 1) % 3) {
        case 0:
          CHECK(run->out == "works\n");
          CHECK(keeps_contract(run->log));
          break;
        case 1:
          CHECK(run->start_error == ENOENT);
          break;
        case 2:
          CHECK(run->start_error == EACCES);
          break;
      }
    }
  }
  residue.check_threads();
}
