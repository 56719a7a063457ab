import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Listeners } from '../../lib/subprocess/listeners.js';

describe('Listeners', () => {
  it('are called in the order they were added; removing takes the newest', () => {
    const listeners = new Listeners<[string]>();
    const seen: string[] = [];
    const twice = (value: string) => seen.push(`twice ${value}`);
    listeners.add(twice, false);
    listeners.add((value) => seen.push(`other ${value}`), false);
    listeners.add(twice, false);
    listeners.remove(twice);
    listeners.emit('x');
    expect(seen).toEqual(['twice x', 'other x']);
    expect(listeners.size).toBe(2);
  });

  it('may be added and removed while an event is being told', () => {
    const listeners = new Listeners<[]>();
    const seen: string[] = [];
    const second = () => seen.push('second');
    listeners.add(() => {
      listeners.remove(second);
      listeners.add(() => seen.push('late'), false);
    }, true);
    listeners.add(second, false);
    listeners.emit();
    expect(seen).toEqual(['second']);
    listeners.emit();
    expect(seen).toEqual(['second', 'late']);
  });

  it('run in the async context in which they were added', () => {
    const storage = new AsyncLocalStorage<string>();
    const listeners = new Listeners<[]>();
    const seen: (string | undefined)[] = [];
    storage.run('mine', () => listeners.add(() => seen.push(storage.getStore()), false));
    storage.run('other', () => listeners.emit());
    expect(seen).toEqual(['mine']);
  });
});

describe('a listener that throws', () => {
  const caught: unknown[] = [];
  const handlers = process.listeners('uncaughtException');

  afterEach(() => {
    process.removeAllListeners('uncaughtException');
    for (const handler of handlers) process.on('uncaughtException', handler);
  });

  it('is an uncaught exception, and the others are called', async () => {
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => caught.push(error));
    const listeners = new Listeners<[]>();
    const error = new Error('mine');
    const other = vi.fn();
    listeners.add(() => {
      throw error;
    }, false);
    listeners.add(other, false);
    listeners.emit();
    expect(other).toHaveBeenCalledOnce();
    await new Promise((resolve) => setImmediate(resolve));
    expect(caught).toEqual([error]);
  });
});
