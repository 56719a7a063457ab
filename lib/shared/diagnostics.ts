import { channel } from 'node:diagnostics_channel';

/** `{ id, file, args, cwd }`: an execution has been handed to the engine, or to its executor's queue. */
export const startChannel = channel('lastbyte:start');
/** `{ id, error }`: it could not be started. */
export const startFailedChannel = channel('lastbyte:start-failed');
/** `{ id, info }`: the leader's status is known; output may still come. */
export const reapedChannel = channel('lastbyte:reaped');
/** `{ id, info }`: everything is over. */
export const exitChannel = channel('lastbyte:exit');
/** `{ id, dropped: { stdout, stderr } }`: a reader has been told that bytes are missing. */
export const lagChannel = channel('lastbyte:lag');
/**
 * `{ id, pid, streams, heldBy, forMs }`: the leader was reaped `forMs` milliseconds ago, and these streams are still held, by
 * these processes (as `Subprocess.heldBy` tells them).
 */
export const heldPipeChannel = channel('lastbyte:held-pipe');
