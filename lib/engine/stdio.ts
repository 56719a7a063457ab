import { resolve } from 'node:path';
import { InvalidArgumentError } from '../errors.js';
import { RequestSlot, StdioMode } from '../native/contract.js';

const LARGEST_DESCRIPTOR = 2 ** 31 - 1;
const PLAIN: Readonly<Record<string, number>> = {
  ignore: StdioMode.ignore,
  pipe: StdioMode.pipe,
  inherit: StdioMode.inherit,
};

/** Checks what the streams are to be. @returns the paths of files, joined with NUL; null where there are none */
export function encodeStdio(slots: Float64Array, stdin: unknown, stdout: unknown, stderr: unknown): string | null {
  let files = encode(slots, 0, 'stdin', stdin, null);
  files = encode(slots, 1, 'stdout', stdout, files);
  if (stderr !== 'stdout') return encode(slots, 2, 'stderr', stderr, files);
  slots[RequestSlot.stderr] = StdioMode.joined;
  return files;
}

function encode(slots: Float64Array, stream: number, name: string, value: unknown, files: string | null) {
  const mode = typeof value === 'string' ? PLAIN[value] : undefined;
  if (mode !== undefined) {
    slots[RequestSlot.stdin + stream] = mode;
  } else if (typeof value === 'number') {
    slots[RequestSlot.stdin + stream] = StdioMode.descriptor;
    slots[RequestSlot.stdinArgument + stream] = checkDescriptor(name, value);
  } else if (typeof value === 'object' && value !== null && 'file' in value) {
    const { file, append } = checkFile(name, value, stream > 0);
    slots[RequestSlot.stdin + stream] = StdioMode.file;
    slots[RequestSlot.stdinArgument + stream] = append ? 1 : 0;
    return files === null ? file : `${files}\0${file}`;
  } else {
    const others = stream === 0 ? '{ file }' : stream === 1 ? '{ file, append }' : "{ file, append }, 'stdout'";
    throw new InvalidArgumentError(name, `'ignore', 'pipe', 'inherit', a descriptor or ${others}`, value);
  }
  return files;
}

function checkDescriptor(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= LARGEST_DESCRIPTOR) return value;
  throw new InvalidArgumentError(name, 'the number of a descriptor', value);
}

function checkFile(name: string, value: object, output: boolean): { file: string; append: boolean } {
  const { file, append = false, ...others } = value as { file?: unknown; append?: unknown };
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw new InvalidArgumentError(`${name}.${unknown}`, 'left out', value);
  if (typeof file !== 'string' || file === '' || file.includes('\0')) {
    throw new InvalidArgumentError(`${name}.file`, 'a path without NUL', file);
  }
  if (typeof append !== 'boolean') throw new InvalidArgumentError(`${name}.append`, 'a boolean', append);
  if (append && !output) throw new InvalidArgumentError(`${name}.append`, 'left out: it is read', append);
  return { file: file.startsWith('/') ? file : resolve(file), append };
}
