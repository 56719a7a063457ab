// npm run prebuild: prebuilds/<platform>-<arch>/lastbyte.<libc>.node for this platform, before `npm pack`.
import { prebuilt, setup } from './lib/steps.mjs';

await setup();
await prebuilt();
