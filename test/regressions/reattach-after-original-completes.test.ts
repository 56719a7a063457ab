import { expect, test } from 'vitest';
import { range } from '../conformance/open.js';
import { piped } from '../support/child.js';
import { opened } from '../support/executors.js';

// Published as a test of a sandbox runtime that lost it: the output of a short command, for who comes when it has ended.
test('test_reattach_after_original_completes: 500 in parallel', async () => {
  const executor = opened({ maxRetained: 500 });
  const seen = await Promise.all(
    range(1, 500).map(async () => {
      const original = executor.spawn('echo first-output && exit 0', { shell: true });
      const first = await original.wait();
      const again = await executor.attach(original.id);
      const [stdout, stderr, info] = [piped(again.stdout).text(), piped(again.stderr).text(), again.wait()];
      expect(await info).toEqual(first);
      return { code: (await info).code, stdout: await stdout, stderr: await stderr };
    }),
  );
  expect(seen).toEqual(seen.map(() => ({ code: 0, stdout: 'first-output\n', stderr: '' })));
  expect(executor.stats()).toMatchObject({ live: 0, retained: 500 });
});
