// npm test: all the set-up, then all checks.
import { checks } from './checks/index.mjs';
import { runChecks } from './checks/report.mjs';
import { setup } from './lib/steps.mjs';
import { ensureSystemPackages } from './lib/system-packages.mjs';

await ensureSystemPackages();
await setup();
process.exitCode = (await runChecks(Object.keys(checks))) ? 0 : 1;
