import { createExecutor, type ExecutorOptions, type LocalExecutor } from 'lastbyte';
import { afterEach } from 'vitest';
import { actor } from './actor.js';

const executors: LocalExecutor[] = [];

/** `createExecutor`; closed after the test, with what still runs in it. */
export function opened(options?: ExecutorOptions): LocalExecutor {
  const executor = createExecutor(options);
  executors.push(executor);
  return executor;
}

afterEach(async () => {
  await Promise.all(executors.splice(0).map((executor) => executor.close()));
});

/** `live`, `retained`, `tombstone` or `forgotten`. */
export async function stageOf(executor: LocalExecutor, id: string): Promise<string> {
  try {
    await executor.attach(id);
    const entry = (await executor.list()).find((each) => each.id === id);
    return entry?.state === 'exited' || entry?.state === 'failed' ? 'retained' : 'live';
  } catch (error) {
    return (error as { code: string }).code === 'ERR_LASTBYTE_EVICTED' ? 'tombstone' : 'forgotten';
  }
}

/** Runs commands to their ends, one after the other; gives their ids. */
export async function finished(
  executor: LocalExecutor,
  count: number,
  ...words: (string | number)[]
): Promise<string[]> {
  const ids: string[] = [];
  for (const _ of Array.from({ length: count })) {
    const { file, args } = actor(...words);
    const source = executor.spawn(file, args);
    await source.wait();
    ids.push(source.id);
  }
  return ids;
}
