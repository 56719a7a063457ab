#include "spawn_request.h"

#include <cstring>

#ifdef __APPLE__
#include <crt_externs.h>
#else
extern "C" char** environ;
#endif

namespace lastbyte {

StringList::StringList(std::string joined, bool empty_is_none)
    : bytes_(std::move(joined)), none_(empty_is_none && bytes_.empty()) {}

std::vector<char*> StringList::pointers() const {
  std::vector<char*> result;
  if (!none_) {
    char* at = const_cast<char*>(bytes_.data());
    char* const end = at + bytes_.size();
    for (;;) {
      result.push_back(at);
      at += std::strlen(at);
      if (at == end) break;
      at++;
    }
  }
  result.push_back(nullptr);
  return result;
}

const char* StringList::value_of(const char* name) const {
  const size_t length = std::strlen(name);
  for (const char* entry : pointers()) {
    if (entry != nullptr && std::strncmp(entry, name, length) == 0 && entry[length] == '=') return entry + length + 1;
  }
  return nullptr;
}

std::string host_environment() {
#ifdef __APPLE__
  char** entry = *_NSGetEnviron();
#else
  char** entry = environ;
#endif
  std::string joined;
  joined.reserve(4096);
  for (; entry != nullptr && *entry != nullptr; entry++) {
    if (!joined.empty()) joined.push_back('\0');
    joined.append(*entry);
  }
  return joined;
}

}  // namespace lastbyte
