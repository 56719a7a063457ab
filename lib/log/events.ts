import type { EventLog, ExecutionEvent } from './event-log.js';
import { LogReader } from './log-reader.js';
import { PullIterator } from './pull-iterator.js';
import type { ReaderFailure } from './read.js';

export interface EventsOptions {
  /** Begin behind this event; default 0: at the beginning. */
  afterSeq?: number | undefined;
  /**
   * Hold the child back rather than miss what the log can't keep; default false. A lossless reader that stops reading
   * stops the child, too.
   */
  lossless?: boolean | undefined;
}

/** Replays, then follows, then ends behind Exit. While it runs it is one of `readers`. */
export function followEvents(
  log: EventLog,
  afterSeq: number,
  lossless: boolean,
  readers: Set<ReaderFailure>,
): PullIterator<ExecutionEvent> {
  const reader = new LogReader(log, afterSeq, lossless);
  let waiting = false;
  const wake = () => {
    waiting = false;
    iterator.wake();
  };
  const iterator = new PullIterator<ExecutionEvent>({
    pull() {
      const event = reader.next();
      if (event?.type === 'lag') log.lagged(event.dropped);
      if (event === undefined && !reader.done && !waiting) {
        waiting = true;
        log.onChange(wake);
      }
      return event;
    },
    get ended() {
      return reader.done;
    },
    close() {
      readers.delete(fail);
      log.offChange(wake);
      reader.end();
    },
  });
  const fail: ReaderFailure = (error) => iterator.fail(error);
  readers.add(fail);
  return iterator;
}
