/** Somebody who is told that a signal was aborted. */
export interface AbortTarget {
  aborted(): void;
}

interface Watch {
  readonly targets: Set<AbortTarget>;
  readonly listener: () => void;
}

const watches = new WeakMap<AbortSignal, Watch>();

/**
 * Tells `target` when `signal` is aborted. A signal gets one listener from us however many targets it has, so that one
 * signal for 10,000 executions costs little and warns of no leak.
 */
export function watchAbort(signal: AbortSignal, target: AbortTarget): void {
  let watch = watches.get(signal);
  if (watch === undefined) {
    const targets = new Set<AbortTarget>();
    const listener = () => {
      watches.delete(signal);
      for (const each of targets) each.aborted();
    };
    watch = { targets, listener };
    watches.set(signal, watch);
    signal.addEventListener('abort', listener, { once: true });
  }
  watch.targets.add(target);
}

export function unwatchAbort(signal: AbortSignal, target: AbortTarget): void {
  const watch = watches.get(signal);
  if (watch === undefined) return;
  watch.targets.delete(target);
  if (watch.targets.size === 0) {
    watches.delete(signal);
    signal.removeEventListener('abort', watch.listener);
  }
}
