// Each load runs until the given time and gives [what it measured, whether it holds].
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { execute } from '../../dist/engine.js';
import { run, spawn } from '../../dist/index.js';

const left = (until) => Math.max(0, until - performance.now());

/** `yes`, and nobody ever gives credit back: exactly one window arrives, stderr and the others go on. */
async function floodUnread(until) {
  const windowBytes = 1 << 20;
  let bytes = 0;
  const ended = new Promise((resolve) => {
    const execution = execute(
      { file: 'yes', windowBytes, credit: 'manual' },
      {
        onStdout: (chunk) => {
          bytes += chunk.length;
        },
        onExit: resolve,
      },
    );
    setTimeout(() => {
      execution.kill('SIGKILL');
      // What is still in the pipe would be kept for a consumer that never comes.
      execution.cancel(1);
    }, left(until));
  });
  await ended;
  return [`${bytes} bytes of a window of ${windowBytes}`, bytes === windowBytes];
}

/** `yes` with a reader that takes one chunk each 20 ms. */
async function floodSlowly(until) {
  const child = spawn('yes');
  let bytes = 0;
  for await (const chunk of child.stdout) {
    bytes += chunk.length;
    if (left(until) === 0) break;
    await sleep(20);
  }
  const { signal } = await child.wait();
  return [`${(bytes / 2 ** 20).toFixed(0)} MB read, ended by ${signal}`, bytes > 0 && signal === 'SIGPIPE'];
}

/** Writes to a child that reads a little at a time. */
async function feedSlowly(until) {
  const child = spawn('sh', ['-c', 'while dd bs=4096 count=1 status=none | wc -c; do sleep 0.01; done'], {
    stdin: 'pipe',
  });
  child.stdout.readable().resume();
  const block = Buffer.alloc(1 << 20, 'x');
  let blocks = 0;
  child.stdin.on('error', () => {});
  while (left(until) > 0) {
    blocks += 1;
    if (!child.stdin.write(block)) {
      await Promise.race([new Promise((resolve) => child.stdin.once('drain', resolve)), sleep(left(until))]);
    }
  }
  await child.terminate();
  return [`${blocks} blocks of 1 MiB offered, each when the last was taken`, child.stdin.writableLength <= 2 << 20];
}

/** Short commands, each hashed. */
async function shortCommands(until) {
  let count = 0;
  let wrong = 0;
  const lane = async (number) => {
    while (left(until) > 0) {
      const text = `${number}-${count}-${'x'.repeat(count % 5000)}`;
      const { stdout } = await run('printf', ['%s', text]);
      if (createHash('sha256').update(stdout).digest('hex') !== createHash('sha256').update(text).digest('hex'))
        wrong += 1;
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, number) => lane(number)));
  return [`${count} executions, ${wrong} wrong`, wrong === 0 && count > 0];
}

/** A 1 MiB tail written right before the end. */
async function tails(until) {
  let count = 0;
  let lost = 0;
  while (left(until) > 0) {
    const { stdout } = await run('head', ['-c', '1048576', '/dev/zero'], { encoding: 'buffer' });
    lost += 2 ** 20 - stdout.length;
    count += 1;
  }
  return [`${count} MiB, ${lost} bytes lost`, lost === 0 && count > 0];
}

export const loads = {
  'yes, never read': floodUnread,
  'yes, read slowly': floodSlowly,
  'stdin of a slow reader': feedSlowly,
  'short commands, 8 at a time, hashed': shortCommands,
  'tails of 1 MiB': tails,
};
