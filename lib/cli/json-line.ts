import { isUtf8 } from 'node:buffer';
import type { ExecutionEvent } from '../index.js';

/**
 * An event as one line. Output is `text` where it is whole UTF-8, else `base64`: every byte can be got back. `more` comes
 * first in the line.
 */
export function jsonLine(event: ExecutionEvent, more: object = {}): string {
  if (!('data' in event)) return `${JSON.stringify({ ...more, ...event })}\n`;
  const { type, seq, data } = event;
  const bytes = isUtf8(data) ? { text: data.toString('utf8') } : { base64: data.toString('base64') };
  return `${JSON.stringify({ ...more, type, seq, ...bytes })}\n`;
}

/** Why a command could not be started, as one line. */
export function jsonError(error: unknown, more: object = {}): string {
  const { code, message } = error as { code?: string; message: string };
  return `${JSON.stringify({ ...more, type: 'error', code, message })}\n`;
}
