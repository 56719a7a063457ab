import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';

const names = new Map<number, string>();
for (const [name, errno] of Object.entries(constants.errno)) {
  // EAGAIN and EWOULDBLOCK share a number: the first name is the common one.
  if (!names.has(errno)) names.set(errno, name);
}

/** The name of an errno, such as ENOENT. libuv, behind `getSystemErrorName`, doesn't know ENOEXEC and some others. */
export function errorName(errno: number): string {
  return names.get(errno) ?? getSystemErrorName(-errno);
}
