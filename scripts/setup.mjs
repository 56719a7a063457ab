// npm run build: dependencies, the addon, the JavaScript. A second run repeats nothing.
import { setup } from './lib/steps.mjs';

await setup();
