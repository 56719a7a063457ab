// The engine's C++ tests: each program of one build, counted from doctest's own XML report.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inRoot, reports } from '../lib/paths.mjs';
import { lastLines, run } from '../lib/run.mjs';
import { variant } from '../lib/steps.mjs';
import { withoutAslr } from './sanitizers.mjs';

const environments = {
  faults: {},
  asan: {
    ASAN_OPTIONS: 'detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1',
    UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
  },
  tsan: { TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1' },
};

/** A program that stops before its end leaves no totals: that is one failure, whatever it had passed. */
function countReport(file) {
  const xml = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const totals = /<OverallResultsTestCases successes="(\d+)" failures="(\d+)"/.exec(xml);
  const failures = xml.split('<TestCase ').filter((part) => part.includes('test_case_success="false"'));
  return totals
    ? { passed: Number(totals[1]), failed: Number(totals[2]), failures }
    : { passed: 0, failed: 1, failures };
}

async function runProgram(variantName, program, name) {
  const report = join(reports, `native-${variantName}-${name}.xml`);
  rmSync(report, { force: true });
  const command = [program, '--reporters=xml', `--out=${report}`];
  const result = await run(variantName === 'tsan' ? withoutAslr(command) : command, {
    log: `native-${variantName}-${name}`,
    env: environments[variantName],
    limitMs: 300_000,
  });
  const { passed, failed, failures } = countReport(report);
  if (result.ok && failed === 0) return { passed, failed };
  console.log(`✗ ${name} (${variantName}): ${result.how}\n${failures.join('\n')}\n${lastLines(result.log, 80)}`);
  return { passed, failed: Math.max(failed, 1) };
}

export const native = (variantName) => async () => {
  const folder = await variant(variantName);
  mkdirSync(reports, { recursive: true });
  const names = readdirSync(inRoot('native/test'))
    .filter((file) => file.endsWith('_test.cc'))
    .map((file) => file.slice(0, -'.cc'.length));
  const total = { passed: 0, failed: 0, note: `${names.length} programs` };
  for (const name of names) {
    const { passed, failed } = await runProgram(variantName, join(folder, 'test', name), name);
    total.passed += passed;
    total.failed += failed;
  }
  return total;
};
