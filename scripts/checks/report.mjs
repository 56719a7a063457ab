// Runs checks one after another and prints what they came to. The last line is for programs: 'N passed, N failed'.
import { checks } from './index.mjs';

async function one(name) {
  const start = performance.now();
  console.log(`\n━━ ${checks[name].title}`);
  let result = await checks[name].run().catch((error) => {
    console.log(error.stack ?? error);
    return { passed: 0, failed: 1, note: 'could not run' };
  });
  if (result.passed + result.failed === 0) result = { passed: 0, failed: 1, note: 'ran no test' };
  return { name, ...result, seconds: (performance.now() - start) / 1000 };
}

function line({ name, passed, failed, note, seconds }) {
  const counts = `${String(passed).padStart(5)} passed ${String(failed).padStart(3)} failed`;
  return `${failed ? '✗' : '✓'} ${checks[name].title.padEnd(28)}${counts} ${seconds.toFixed(1).padStart(7)} s  ${note}`.trimEnd();
}

export async function runChecks(names) {
  const results = [];
  for (const name of names) results.push(await one(name));
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  console.log(`\n${results.map(line).join('\n')}\n`);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  return sum('failed') === 0 && sum('passed') > 0;
}
