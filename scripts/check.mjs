// node scripts/check.mjs NAME…: the set-up, then these checks of `npm test` alone.
import { checks, namesFor } from './checks/index.mjs';
import { runChecks } from './checks/report.mjs';
import { setup } from './lib/steps.mjs';

const names = process.argv.slice(2).flatMap(namesFor);
if (names.length === 0) {
  console.error(`usage: node scripts/check.mjs NAME…, of ${Object.keys(checks).join(', ')}`);
  process.exit(2);
}
await setup();
process.exitCode = (await runChecks(names)) ? 0 : 1;
