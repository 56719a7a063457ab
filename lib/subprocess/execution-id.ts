let prefix: string | undefined;

/** A name for an execution that no other thread, process or machine gives: the thread's own random part, and a number. */
export function executionId(number: number): string {
  // Loading node:crypto takes 2 ms, and few ask for an id.
  prefix ??= process.getBuiltinModule('node:crypto').randomBytes(8).toString('hex');
  return `${prefix}-${number}`;
}
