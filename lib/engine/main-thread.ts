let main: boolean | undefined;

/** Asked for when it matters, and not at import: loading node:worker_threads takes a millisecond and a half. */
export function inMainThread(): boolean {
  main ??= process.getBuiltinModule('node:worker_threads').isMainThread;
  return main;
}
