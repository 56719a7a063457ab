// The second half of the list: reaping, ending, starting, teardown.
import { core } from './core.mjs';

export const reaping = [
  core(
    'syscalls.cc',
    'waits for any child',
    '    if (pidfd >= 0) {\n      const int by_pidfd',
    '    if (flags == 0) return wait(P_ALL, 0);\n    if (pidfd >= 0) {\n      const int by_pidfd',
  ),
  core(
    'exit_pump.cc',
    'the zombie is collected early',
    'read_status(execution, last || !execution.request().group)',
    'read_status(execution, true)',
  ),
  core(
    'exit_pump.cc',
    'the zombie is left',
    '  for (int look = 0; look < 2 && !execution.collected && !execution.leader_gone; look++) read_status(execution, true);\n',
    '',
  ),
  core(
    'exit_pump.cc',
    'a lost status is made up',
    '      if (!execution.status_known) outcome.status_errno = errno;\n',
    '      if (!execution.status_known) outcome.code = 0;\n',
  ),
  core(
    'exit_pump.cc',
    'a status that was read is forgotten when somebody takes the zombie',
    'if (!execution.status_known) outcome.status_errno = errno;',
    'outcome.status_errno = errno;',
  ),
  core(
    'exit_pump.cc',
    'a kill may hit the successor of a collected leader',
    '    } else if (collect) {\n      execution.leader_gone = true;\n',
    '    } else if (collect) {\n',
  ),
  core(
    'exit_pump.cc',
    'children without a pidfd are not asked',
    'if (!polled_.empty() && now >= next_poll_ns_) poll_exits(now);',
    '(void)next_poll_ns_;',
  ),
  core(
    'exit_pump.cc',
    'whoever gets no answer takes it for an end',
    '  if (!reported && !execution.status_known && !execution.leader_gone) return;\n',
    '  (void)reported;\n',
  ),
  core('exit_pump.cc', "a pidfd outlives its execution's Exit", '    execution.pidfd.reset();\n', ''),
];

export const ending = [
  core(
    'execution.cc',
    'a signal reaches the leader only',
    '  if (request_.group) {\n    if (sys::kill(-pid, signal) == 0) return true;',
    '  if (request_.group) {\n    if (sys::kill(pid, signal) == 0) return true;',
  ),
  core(
    'execution.cc',
    'a signal that came before the start is forgotten',
    '  for (const int signal : signals_for_start) send(signal);\n',
    '',
  ),
  core('execution.cc', 'a start that was cancelled happens', '  if (cancelled) return false;\n  stage', '  stage'),
  core(
    'execution.cc',
    'any signal cancels a start',
    'stage == Stage::queued && ends_a_new_process(signal)',
    'stage == Stage::queued',
  ),
  core('execution.cc', 'the last cause counts', 'if (cause == Cause::none) cause = why;', 'cause = why;'),
  core('execution.cc', "a stranger's signal counts as our kill", '(signals_sent >> signal & 1) != 0', 'true'),
  core(
    'ladder.cc',
    'whoever terminates again puts the end off',
    '  if (execution.ladder_begun && execution.ladder_timer && Timers::due_ns(execution.ladder_timer) <= at) return;\n',
    '',
  ),
  core('ladder.cc', 'SIGKILL is never sent', '  execution.kill(SIGKILL);\n', ''),
  core('ladder.cc', 'the ladder ends with SIGKILL', '    drain_->cut(execution);\n', ''),
  core('ladder.cc', 'a second step where there must be none', '  if (kill_after_ns < 0) return;\n', ''),
  core(
    'exit_pump.cc',
    'the timeout takes the place of a ladder that has begun',
    ' && !execution->finished && !execution->ladder_begun) {',
    ' && !execution->finished) {',
  ),
  core(
    'exit_pump.cc',
    'no timeout where the leader has gone at once',
    '      if (execution->request().timeout_ns > 0 && ',
    '      if (!execution->reaped && execution->request().timeout_ns > 0 && ',
  ),
  core('timers.h', 'a timer runs late', 'entries_.begin()->first <= now_ns', 'entries_.begin()->first < now_ns'),
];

export const starting = [
  core(
    'spawn_posix.cc',
    'ignored signals stay ignored',
    'int flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;',
    'int flags = POSIX_SPAWN_SETSIGMASK;',
  ),
  core(
    'spawn_posix.cc',
    'blocked signals stay blocked',
    'int flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;',
    'int flags = POSIX_SPAWN_SETSIGDEF;',
  ),
  core(
    'spawn_posix.cc',
    "other code's descriptors leak",
    'return posix_spawn_file_actions_addclosefrom_np(&actions_, 3);',
    'return 0;',
  ),
  core(
    'launcher.cc',
    "the child's ends don't block",
    '      if (sys::set_nonblocking(ours[i].get()) != 0) return errno;\n',
    '      if (sys::set_nonblocking(ours[i].get()) != 0 || sys::set_nonblocking(theirs[i].get()) != 0) return errno;\n',
  ),
  core('launcher.cc', 'our ends block', '      if (sys::set_nonblocking(ours[i].get()) != 0) return errno;\n', ''),
  core('spawn_posix.cc', 'no group of its own', '    if (group) {\n', '    if (group && false) {\n'),
  core(
    'spawn_posix.cc',
    'a missing directory is blamed on the program',
    'if (sys::stat(request.cwd.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return StartStage::cwd;',
    '(void)info;',
  ),
  core(
    'spawn_posix.cc',
    'a missing interpreter is blamed on the program',
    'if (of_a_path && sys::stat',
    'if (false && of_a_path && sys::stat',
  ),
  core(
    'launcher.cc',
    'a failure is told before its pipes are closed',
    '    streams = {};\n    execution->forget_start();\n    exit_pump_->start_failed(execution, error, StartStage::resources);',
    '    exit_pump_->start_failed(execution, error, StartStage::resources);',
    { mayLive: 'they are closed microseconds later: whether somebody looks in between is a matter of luck' },
  ),
  core(
    'stream_pump.cc',
    'a pump may see half a stream',
    '    stream.keep_alive = execution.shared_from_this();\n    stream.fd = std::move(*ends[i]);\n    stream.inode = sys::inode_of(stream.fd.get());\n    error = poller_.add_reader(stream.fd.get(), &stream);\n',
    '    error = poller_.add_reader(ends[i]->get(), &stream);\n    stream.keep_alive = execution.shared_from_this();\n    stream.fd = std::move(*ends[i]);\n',
    { build: 'tsan' },
  ),
  core('launcher.cc', 'a file that cannot be opened is passed over', '      if (!theirs[i]) return errno;\n', ''),
  core(
    'launcher.cc',
    'a redirection that fails is blamed on another stream',
    '      failed = kRedirectionStages[i];\n',
    '      failed = kRedirectionStages[2 - i];\n',
  ),
  core(
    'spawn_posix.cc',
    'stderr beside stdout goes to where stderr went before',
    'adddup2(&actions_, STDOUT_FILENO, fd);',
    'adddup2(&actions_, STDERR_FILENO, fd);',
  ),
  core(
    'execution.h',
    'what a stream was redirected to stays open in the host',
    '    for (Redirection& redirection : request_.redirections) redirection = {};\n',
    '',
  ),
  core(
    'syscalls.cc',
    "a child's file does not block",
    '  if (retry(Call::fcntl, nullptr, [&] { return ::fcntl(fd, F_SETFL, flags); }) == 0) return fd;\n',
    '  if (flags >= 0) return fd;\n',
  ),
  core(
    'stream_pump.cc',
    'pipes that a poller refused are kept',
    '    poller_.remove_reader(stream.fd.get());\n    stream.fd.reset();\n    stream.keep_alive.reset();\n',
    '',
  ),
  core(
    'path_search.cc',
    'the search takes what may not be executed',
    'S_ISREG(info.st_mode) && sys::may_execute',
    'true || sys::may_execute',
  ),
  core('syscalls.cc', 'EINTR is an error', 'if (result != -1 || errno != EINTR) return result;', 'return result;'),
];

export const teardown = [
  core(
    'engine.cc',
    'the last to go leaves the threads running',
    '  if (engine_users > 0) return;\n',
    '  if (engine_users >= 0u) return;\n',
  ),
  core(
    'engine.cc',
    'a teardown leaves the queue open',
    '  tenant->queue.close();\n  tenant->close();\n',
    '  tenant->close();\n',
  ),
  core(
    'engine.cc',
    'a teardown kills nobody',
    '    } else {\n      execution->end(Cause::closed, SIGKILL);\n      exit_pump_.cut_at_reaped',
    '    } else {\n      exit_pump_.cut_at_reaped',
  ),
  core(
    'engine.cc',
    'a teardown waits for strangers that hold a pipe',
    '      execution->end(Cause::closed, SIGKILL);\n      exit_pump_.cut_at_reaped(execution);\n    }\n',
    '      execution->end(Cause::closed, SIGKILL);\n    }\n',
    { mayLive: 'after 5 s they are let go all the same: only a clock would tell' },
  ),
  core(
    'engine.cc',
    'starts go on after close',
    'execution->request().cancelled || tenant->closed();',
    'execution->request().cancelled;',
  ),
  core(
    'engine.cc',
    'what must stay is killed',
    'leave = execution->leave_at_exit && execution->stage == Execution::Stage::running;',
    'leave = false;',
  ),
  core(
    'engine.cc',
    'what no signal reaches is kept',
    '  for (const auto& execution : tenant->all()) execution->pump->forget(execution);\n  tenant->wait_until_empty(kShutDownMs);\n',
    '',
  ),
  core(
    'stream_pump.cc',
    'a teardown ends while bytes of its environment are being written',
    '      for (OutputStream& output : execution.output) reader_.close(output);\n      writer_.close(execution, EPIPE);\n',
    '      exit_pump_->orphan(command.execution);\n      for (OutputStream& output : execution.output) reader_.close(output);\n      writer_.close(execution, EPIPE);\n',
    { mayLive: 'the pump posts it some microseconds early, no test stands in between' },
  ),
  core(
    'exit_pump.cc',
    'an orphan whose leader has gone stays a zombie',
    '      else if (!execution->collected) read_status(*execution, true);\n',
    '',
  ),
  core(
    'exit_pump.cc',
    "an orphan's timeout is armed",
    'timeout_ns > 0 && !execution->finished && ',
    'timeout_ns > 0 && ',
  ),
  core(
    'stream_pump.cc',
    "an orphan's stdin stays open",
    '    if (!stdin_stream.open) return;  // forgotten meanwhile\n',
    '',
  ),
  core('event_queue.h', "a flood's memory is kept", 'bytes = std::vector<char>();', 'bytes = {};'),
  core('slab_depot.cc', 'slabs lent come back to somebody else', 'return std::exchange(slabs_, {});', 'return {};', {
    build: 'asan',
  }),
];
