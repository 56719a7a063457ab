let prefix: string | undefined;
let last = 0;

/** The next number for an execution of this thread: 1, 2, 3 … */
export function nextNumber(): number {
  last += 1;
  return last;
}

/** A name for an execution that no other thread, process or machine gives: the thread's own random part, and a number. */
export function executionId(number: number): string {
  // Loading node:crypto takes 2 ms, and few ask for an id.
  prefix ??= process.getBuiltinModule('node:crypto').randomBytes(8).toString('hex');
  return `${prefix}-${number}`;
}

/** The number in a name that `executionId` made; undefined where it did not. */
export function executionNumber(id: string): number | undefined {
  if (prefix === undefined || !id.startsWith(`${prefix}-`)) return undefined;
  const digits = id.slice(prefix.length + 1);
  return /^[1-9]\d*$/.test(digits) ? Number(digits) : undefined;
}
