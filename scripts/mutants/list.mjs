import { core } from './core.mjs';
import { ending, reaping, starting, teardown } from './ends.mjs';

const order = [
  core(
    'exit_pump.cc',
    'Wait is posted when the leader is reaped',
    '    execution.reaped_posted = true;\n',
    `    execution.reaped_posted = true;
    for (const uint64_t waiter : execution.waiters) execution.tenant->queue.post(answer(execution.id, waiter));
    execution.waiters.clear();
`,
  ),
  core(
    'exit_pump.cc',
    'Exit is posted before a pump has joined',
    '  if (execution.arrive()) finish(execution);\n',
    '  execution.arrive();\n  finish(execution);\n',
  ),
  core(
    'output_reader.cc',
    'a stream joins before its gathered bytes are posted',
    '  post_filling(stream);\n  Execution& execution = *stream.execution;\n  if (was_cut)',
    '  Execution& execution = *stream.execution;\n  if (was_cut)',
  ),
  core(
    'exit_pump.cc',
    'Exit is posted twice',
    '  events.push_back(terminal(EventType::exit, execution));\n',
    '  events.push_back(terminal(EventType::exit, execution));\n  events.push_back(terminal(EventType::exit, execution));\n',
  ),
  core(
    'exit_pump.cc',
    'Reaped is posted with Exit once more',
    '  if (!execution.reaped_posted) events.push_back',
    '  events.push_back',
  ),
  core(
    'exit_pump.cc',
    'Reaped is missing where all had ended before it',
    '  if (!execution.reaped_posted) events.push_back(terminal(EventType::reaped, execution));\n',
    '',
  ),
  core(
    'exit_pump.cc',
    'answers come before Exit',
    '  execution.tenant->queue.post(events);\n',
    '  std::reverse(events.begin(), events.end());\n  execution.tenant->queue.post(events);\n',
  ),
  core(
    'exit_pump.cc',
    'a waiter that comes late is forgotten',
    '      command.tenant->queue.post(answer(command.id, command.waiter));\n',
    '      if (execution != nullptr) break;\n      command.tenant->queue.post(answer(command.id, command.waiter));\n',
  ),
  core(
    'exit_pump.cc',
    'a waiter is answered at once and at the end',
    '        execution->waiters.push_back(command.waiter);\n        break;\n',
    '        execution->waiters.push_back(command.waiter);\n',
  ),
  core('execution.h', 'output may overtake Started', 'holds{kHeldUntilStarted}', 'holds{0}'),
  core(
    'event_queue.cc',
    'several events may be torn apart',
    '  std::lock_guard lock(mutex_);\n  if (closed_) return;\n  for (Event& event : events) queued_.events.push_back(std::move(event));',
    '  for (Event& event : events) post(std::move(event));',
  ),
  core(
    'event_queue.cc',
    'small bytes are looked for in the wrong place',
    'event.number = queued_.bytes.size();',
    'event.number = 0;',
  ),
];

const wakes = [
  core(
    'pump_turn.h',
    "a stream pump's flush is forgotten",
    '    for (const auto& tenant : touched_) tenant->queue.flush();\n',
    '',
  ),
  core(
    'exit_pump.cc',
    "Exit's flush is forgotten",
    '    for (const auto& execution : graveyard_) execution->tenant->queue.flush();\n',
    '',
  ),
  core(
    'exit_pump.cc',
    "a late answer's flush is forgotten",
    '      command.tenant->queue.flush();\n      break;\n    case Kind::escalate',
    '      break;\n    case Kind::escalate',
  ),
  core(
    'exit_pump.cc',
    'the deferred flush is forgotten',
    '        tenant->queue.flush_planned = false;\n        tenant->queue.flush();\n',
    '        tenant->queue.flush_planned = false;\n',
  ),
  core('exit_pump.cc', 'the deferred flush comes once only', '        tenant->queue.flush_planned = false;\n', ''),
  core(
    'event_queue.cc',
    'a wake stays outstanding after the events were taken',
    '  std::lock_guard lock(mutex_);\n  wake_outstanding_ = false;\n',
    '  std::lock_guard lock(mutex_);\n',
  ),
  core('event_queue.cc', 'a wake for each flush', 'if (closed_ || wake_outstanding_ || ', 'if (closed_ || '),
  core(
    'engine.cc',
    'nobody is woken for a Started that is asked for late',
    '  if (posted) execution.tenant->queue.flush();\n',
    '  (void)posted;\n',
    { mayLive: 'it comes with the deferred flush, 10 ms later: only a clock would tell' },
  ),
];

const flow = [
  core('execution.h', 'credit is ignored', 'return holds == 0 && outstanding < window;', 'return holds == 0;'),
  core(
    'execution.h',
    "a consumer's hold is ignored",
    'return holds == 0 && outstanding',
    'return (holds & ~2u) == 0 && outstanding',
  ),
  core(
    'output_reader.cc',
    'a read may go beyond the window',
    'std::min(room, static_cast<size_t>(window - stream.outstanding))',
    'room',
  ),
  core(
    'output_reader.cc',
    'what a slab takes costs no credit',
    '  stream.outstanding.fetch_add(static_cast<int64_t>(size));\n',
    '  if (!into_slab) stream.outstanding.fetch_add(static_cast<int64_t>(size));\n',
  ),
  core(
    'stream_pump.cc',
    'a grant resumes nothing',
    '  output.outstanding.fetch_sub(bytes);\n  resume_if_stalled(execution, output);\n',
    '  output.outstanding.fetch_sub(bytes);\n',
  ),
  core('output_reader.cc', 'a stalled stream sets no flag', '  stream.stalled = true;\n', ''),
  core(
    'output_reader.cc',
    'credit that comes between the look and the flag is lost',
    '  return stream.readable(window) && stream.stalled.exchange(false);\n',
    '  (void)window;\n  return false;\n',
  ),
  core(
    'stream_pump.cc',
    'a resumed stream is not read to its end',
    '    case Kind::resume:\n      reader_.read(*stream, true);',
    '    case Kind::resume:\n      reader_.read(*stream, false);',
  ),
  core(
    'output_reader.cc',
    'a hangup ends a stream without reading it',
    '  if (stream.ended || !stream.fd) return;\n  const int64_t window',
    '  if (stream.ended || !stream.fd) return;\n  if (to_the_end && stream.holds == 0) return finish(stream, false);\n  const int64_t window',
  ),
  core(
    'output_reader.cc',
    'bytes are dropped at the end where a hangup was told',
    '    if (size == wanted) continue;\n',
    '    if (to_the_end) return finish(stream, false);\n    if (size == wanted) continue;\n',
  ),
  core(
    'output_reader.cc',
    'what has had its turn is forgotten',
    '      unfinished_.push_back({stream.keep_alive, &stream});\n',
    '',
  ),
  core(
    'output_reader.cc',
    'a busy stream that was emptied is forgotten',
    '      resting_.push_back({stream.keep_alive, &stream});\n',
    '',
    { mayLive: 'the pipe is empty then, so its next bytes are reported anyway: it costs speed only' },
  ),
  core(
    'output_reader.cc',
    'gathered bytes wait for a full slab',
    'if (filling_[i]->filling_since + kGatherNs <= now) post_filling(*filling_[i]);',
    '(void)now;',
  ),
  core(
    'output_reader.cc',
    'EAGAIN is believed',
    'if (errno != EAGAIN || poller_->rearm_reader(stream.fd.get(), &stream) != 0) finish(stream, true);',
    'if (errno != EAGAIN) finish(stream, true);',
  ),
  core(
    'output_reader.cc',
    'a read that fails counts as a clean end',
    'rearm_reader(stream.fd.get(), &stream) != 0) finish(stream, true);',
    'rearm_reader(stream.fd.get(), &stream) != 0) finish(stream, false);',
  ),
  core(
    'stream_pump.cc',
    'a cancel before the start is forgotten',
    '    if ((before & kCancelled) != 0) {',
    '    if (false && (before & kCancelled) != 0) {',
  ),
  core(
    'output_reader.cc',
    "a cancelled stream's slab stays on the list",
    '  std::erase(filling_, &stream);\n  stream.filling.reset();\n  return true;',
    '  stream.filling.reset();\n  return true;',
    { build: 'asan' },
  ),
];

const drain = [
  core(
    'output_reader.cc',
    'a cut forgets what stands in the pipe',
    '  int left = sys::bytes_available(stream.fd.get());\n',
    '  int left = 0;\n',
  ),
  core(
    'output_reader.cc',
    'a cut leaves no mark',
    '  if (was_cut) execution.cut.fetch_or',
    '  if (false) execution.cut.fetch_or',
  ),
  core(
    'output_reader.cc',
    'a cut waits for credit',
    '    stream.outstanding.fetch_add(count);\n    post_copy',
    '    if (!stream.readable(stream.execution->request().window_bytes)) break;\n    stream.outstanding.fetch_add(count);\n    post_copy',
  ),
  core(
    'drain.cc',
    'a chunk does not put an idle limit off',
    'else again = std::max(again, stream.last_byte_ns + idle);',
    'else again = std::max<uint64_t>(again, 0);',
  ),
  core('drain.cc', 'a held stream counts as idle', '    if (stream.stalled) again = now + idle;\n    else', '   '),
  core(
    'stream_pump.cc',
    "the consumer's silence counts as the writer's",
    '  if (execution.request().drain == DrainMode::idle && stream.stalled) stream.last_byte_ns = sys::now_ns();\n',
    '',
  ),
  core(
    'drain.cc',
    'a deadline is put off by output',
    'if (execution.request().drain == DrainMode::idle) check_idle(execution);\n    else cut_open_streams(execution);',
    'check_idle(execution);',
  ),
  core(
    'drain.cc',
    'one stream is cut, the other is left',
    'if (stream.piped && !stream.ended) execution',
    'if (stream.number == 1 && stream.piped && !stream.ended) execution',
  ),
];

const stdin = [
  core(
    'exit_pump.cc',
    'stdin stays open at Exit',
    '    stdin_open = execution.stdin_stream.open;\n',
    '    stdin_open = false;\n',
  ),
  core(
    'stdin_writer.cc',
    'a partial write starts again',
    'chunk.written += static_cast',
    'chunk.written = static_cast',
  ),
  core(
    'stdin_writer.cc',
    'an end before the chunks have been written',
    '    if (in.chunks.empty()) {\n      if (!in.ending) return false;\n      break;',
    '    if (in.ending || in.chunks.empty()) {\n      if (!in.ending) return false;\n      break;',
  ),
  core(
    'stdin_writer.cc',
    'EPIPE is kept secret',
    '      if (error != EAGAIN) break;',
    '      if (error == EPIPE) error = 0;\n      if (error != EAGAIN) break;',
  ),
  core(
    'stdin_writer.cc',
    'what was queued gets no answer when stdin closes',
    '  if (!in.open) return;\n  in.open = false;\n  for (const StdinChunk& chunk : in.chunks) execution.tenant->queue.post(written(execution, chunk, error));\n',
    '  if (!in.open) return;\n  in.open = false;\n',
  ),
  core(
    'stdin_writer.cc',
    'what was queued gets no answer when the start fails',
    '  in.open = false;\n  for (const StdinChunk& chunk : in.chunks) execution.tenant->queue.post(written(execution, chunk, error));\n  in.chunks.clear();\n}',
    '  in.open = false;\n  in.chunks.clear();\n}',
  ),
  core('stdin_writer.cc', 'writes after the end are taken', 'if (in.open && !in.ending) {', 'if (in.open) {'),
  core(
    'stdin_writer.cc',
    'a full pipe is watched once only',
    'error = in.watched ? poller_->rearm_writer(in.fd.get(), token(*execution))\n                         : poller_',
    'error = in.watched ? 0\n                         : poller_',
  ),
  core(
    'stream_pump.cc',
    'writes before the start are forgotten',
    '  if (pending) inbox_.post({.kind = Kind::write_stdin, .execution = execution});\n',
    '  (void)pending;\n',
  ),
  core(
    'stream_pump.cc',
    'a command lets an execution go that the poller names',
    '    for (const Command& command : commands) carry_out(command);\n    for (const Poller::Ready& one',
    '    for (const Command& command : commands) carry_out(command);\n    commands.clear();\n    for (const Poller::Ready& one',
    { build: 'asan' },
  ),
];

export const mutants = Object.entries({
  'order and answers': order,
  wakes,
  'bytes and credit': flow,
  drain,
  stdin,
  reaping,
  ending,
  starting,
  teardown,
}).flatMap(([about, list]) => list.map((mutant) => ({ about, ...mutant })));
