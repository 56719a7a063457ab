// npm start: all the set-up, then the main job. Arguments go to the main job.
import { spawnSync } from 'node:child_process';
import { inRoot, root } from './lib/paths.mjs';
import { setup } from './lib/steps.mjs';

await setup();
const { status } = spawnSync(process.execPath, [inRoot('scripts/main-job.mjs'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
