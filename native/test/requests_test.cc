// StringList, and the search for a program.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/path_search.h"
#include "core/spawn_request.h"
#include "support/host.h"
#include "support/requests.h"

using namespace lastbyte;
using namespace lastbyte::test;

namespace {

std::vector<std::string> strings_of(const StringList& list) {
  std::vector<std::string> result;
  const std::vector<char*> pointers = list.pointers();
  REQUIRE(!pointers.empty());
  REQUIRE(pointers.back() == nullptr);
  for (size_t i = 0; i + 1 < pointers.size(); i++) result.emplace_back(pointers[i]);
  return result;
}

using Strings = std::vector<std::string>;

struct Found {
  int error;
  std::string path;
};

Found find(SpawnRequest request) {
  Found found{};
  found.error = find_program(request, &found.path);
  return found;
}

SpawnRequest request_for(const std::string& file, const std::string& path) {
  return with_environment(program({file}), {"A=1", "PATH=" + path});
}

}  // namespace

TEST_CASE("StringList: strings in, strings out") {
  for (const Strings& strings : {Strings{"a"}, Strings{"a", "b"}, Strings{"", "b"}, Strings{"a", ""}, Strings{"", ""},
                                 Strings{"a", "", "", "b c", "ü", ""}, Strings{std::string(100'000, 'x'), "y"}}) {
    CHECK(strings_of(StringList(joined(strings), false)) == strings);
    if (strings.size() > 1) CHECK(strings_of(StringList(joined(strings), true)) == strings);
  }
}

TEST_CASE("StringList: nothing is one empty string, or none") {
  CHECK(strings_of(StringList("", false)) == Strings{""});
  CHECK(strings_of(StringList("", true)).empty());
  CHECK(strings_of(StringList()).empty());
}

TEST_CASE("StringList: the value of a name") {
  const StringList list(joined({"PATHS=no", "=odd", "PATH=first", "PATH=second", "EMPTY=", "NOTHING"}), true);
  CHECK(std::string(list.value_of("PATH")) == "first");
  CHECK(std::string(list.value_of("EMPTY")) == "");
  CHECK(list.value_of("NOTHING") == nullptr);
  CHECK(list.value_of("PAT") == nullptr);
  CHECK(list.value_of("MISSING") == nullptr);
  CHECK(StringList().value_of("PATH") == nullptr);
}

TEST_CASE("StringList survives a move") {
  for (const size_t length : {3, 300}) {
    StringList from(joined({std::string(length, 'a'), "b"}), true);
    const StringList to = std::move(from);
    CHECK(strings_of(to) == Strings{std::string(length, 'a'), "b"});
  }
}

TEST_CASE("the search: a path is taken as it is") {
  CHECK(find(request_for("/no/such/thing", "/bin")).path == "/no/such/thing");
  CHECK(find(request_for("./x", "/bin")).path == "./x");
  CHECK(find(request_for("below/x", "/bin")).error == 0);
}

TEST_CASE("the search: the first that can be executed") {
  TemporaryFolder folder;
  for (const char* name : {"one", "two", "three"}) REQUIRE(::mkdir(folder.path(name).c_str(), 0755) == 0);
  folder.write("one/prog", "x", 0644);
  folder.write("two/prog", "x", 0755);
  folder.write("three/prog", "x", 0755);
  REQUIRE(::mkdir(folder.path("one/tool").c_str(), 0755) == 0);
  folder.write("three/tool", "x", 0755);
  const std::string all = folder.path("none") + ":" + folder.path("one") + ":" + folder.path("two") + ":" + folder.path("three");

  CHECK(find(request_for("prog", all)).path == folder.path("two/prog"));
  CHECK(find(request_for("tool", all)).path == folder.path("three/tool"));
  // EACCES where something was there, as execvp(3) has it; else ENOENT.
  CHECK(find(request_for("prog", folder.path("one"))).error == EACCES);
  CHECK(find(request_for("tool", folder.path("one"))).error == EACCES);
  CHECK(find(request_for("prog", folder.path("none"))).error == ENOENT);
  CHECK(find(request_for("missing", all)).error == ENOENT);
  CHECK(find(request_for("prog", folder.path("two/prog"))).error == ENOENT);  // a PATH entry that is a file
}

TEST_CASE("the search: no PATH, an empty one, and empty entries") {
  TemporaryFolder folder;
  folder.write("prog", "x", 0755);
  CHECK(find(with_environment(program({"sh"}), {"A=1"})).path == "/bin/sh");
  CHECK(find(with_environment(program({"sh"}), {})).path == "/bin/sh");

  SpawnRequest request = request_for("prog", "");
  request.has_cwd = true;
  request.cwd = folder.path();
  // An empty entry is the child's working directory.
  CHECK(find(request).path == "./prog");
  for (const char* path : {":/bin", "/bin:", "/none::/bin"}) {
    request.environment = StringList(joined({std::string("PATH=") + path}), true);
    CHECK(find(request).path == "./prog");
  }
}

TEST_CASE("the search: relative entries are seen from the child's working directory") {
  TemporaryFolder folder;
  REQUIRE(::mkdir(folder.path("bin").c_str(), 0755) == 0);
  folder.write("bin/prog", "x", 0755);
  SpawnRequest request = request_for("prog", "bin");
  CHECK(find(request).error == ENOENT);
  request.has_cwd = true;
  request.cwd = folder.path();
  CHECK(find(request).path == "bin/prog");
  CHECK(seen_from_here(request, "bin/prog") == folder.path("bin/prog"));
  CHECK(seen_from_here(request, "/bin/sh") == "/bin/sh");
}
