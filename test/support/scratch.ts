import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A folder of this test file's own, gone after it. */
export const scratch = mkdtempSync(join(tmpdir(), 'lastbyte-'));

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let names = 0;

/** A path in it that nobody else uses. */
export function scratchPath(name: string): string {
  names += 1;
  return join(scratch, `${names}-${name}`);
}
