#pragma once

#include <memory>
#include <vector>

#include "execution.h"
#include "poller.h"
#include "pump_turn.h"

namespace lastbyte {

class ExitPump;

// Moves what children write into their environments' queues, each stream within its credit. Used by one stream pump, on
// its thread.
//
// A slow stream's bytes are posted as they come. A busy one's are gathered: its pipe is made larger, it is looked at in
// intervals instead of at each write (a pipe's writer and reader exclude each other), and it fills slabs that are handed
// over as they are.
class OutputReader {
 public:
  OutputReader(Poller* poller, ExitPump* exit_pump, PumpTurn* turn);

  // Reads until the pipe is empty, credit is used up, or the stream has had its share of this turn. `to_the_end`: the
  // poller won't report anything more, so that only EAGAIN means empty.
  void read(OutputStream& stream, bool to_the_end);
  // Delivers what is in the pipe now, whatever the credit, and ends the stream.
  void cut(OutputStream& stream);
  // Ends the stream; what is in the pipe isn't wanted.
  void cancel(OutputStream& stream);
  // Closes the pipe and tells nobody.
  void close(OutputStream& stream);

  // Goes on with what the last turn left, and posts what has been gathered for long enough.
  void continue_turn();
  // Nanoseconds for which the pump may wait for something new; negative: for ever.
  int64_t patience() const;
  // How long it should look away from its streams first; 0 where none is busy.
  int64_t rest() const;

 private:
  struct Share {
    std::shared_ptr<Execution> execution;
    OutputStream* stream;
  };

  bool stall(OutputStream& stream);
  char* destination(OutputStream& stream, size_t* room);
  void received(OutputStream& stream, size_t size, bool into_slab);
  void post_copy(OutputStream& stream, const char* data, size_t size);
  void post_block(OutputStream& stream, BlockPtr block);
  void post_filling(OutputStream& stream);
  bool drop_filling(OutputStream& stream);
  void finish(OutputStream& stream, bool was_cut);

  Poller* poller_;
  ExitPump* exit_pump_;
  PumpTurn* turn_;
  std::vector<char> scratch_;
  std::vector<Share> unfinished_;       // had more than fits into one turn
  std::vector<Share> resting_;          // busy, and just emptied
  std::vector<OutputStream*> filling_;  // have bytes that aren't posted yet
};

}  // namespace lastbyte
