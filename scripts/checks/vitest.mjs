// One vitest project, counted from vitest's own JSON report.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { binary, reports, variantFolder } from '../lib/paths.mjs';
import { run } from '../lib/run.mjs';
import { addon, compiled, variant } from '../lib/steps.mjs';
import { asanEnvironment } from './sanitizers.mjs';

/** A file that failed to load has no tests, and an error outside of a test belongs to none: each counts as a failure. */
function countReport(file, result) {
  if (!existsSync(file)) return { passed: 0, failed: 1, note: `no report (${result.how})` };
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const broken = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
  );
  const failed = report.numFailedTests + broken.length;
  const skipped = report.numPendingTests + report.numTodoTests;
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && !result.ok ? 1 : failed,
    note: skipped ? `${skipped} skipped` : '',
  };
}

async function vitest(project, env, limitMs) {
  mkdirSync(reports, { recursive: true });
  const report = join(reports, `vitest-${project}.json`);
  rmSync(report, { force: true });
  const command = [binary('vitest'), 'run', '--project', project];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const result = await run([...command, ...reporters], {
    log: `vitest-${project}`,
    echo: true,
    env: { NO_COLOR: '1', ...env },
    limitMs,
  });
  return countReport(report, result);
}

/** `build` is the addon that the tests load: the product's, or a variant's. */
export const project =
  (name, { build = 'product', limitMs = 300_000 } = {}) =>
  async () => {
    await compiled();
    if (build === 'product') {
      await addon();
      return vitest(name, {}, limitMs);
    }
    await variant(build);
    const env = {
      LASTBYTE_PREBUILD: variantFolder(build),
      ...(build === 'asan' ? { LASTBYTE_ASAN: '1', ...asanEnvironment() } : {}),
    };
    return vitest(name, env, limitMs);
  };
