import type { EngineLoop } from './engine-loop.js';

const open = new Set<EngineLoop>();
let hooked = false;

/**
 * Ends an engine's executions when this thread exits. The addon's own cleanup does it for a worker that is terminated;
 * in the main thread `process.exit` runs no addon's cleanup, only this event.
 */
export function shutDownAtExit(loop: EngineLoop): void {
  if (!hooked) {
    hooked = true;
    process.once('exit', () => {
      for (const engine of open) engine.shutDown();
    });
  }
  open.add(loop);
}

/** The engine has been shut down. */
export function forgetAtExit(loop: EngineLoop): void {
  open.delete(loop);
}
