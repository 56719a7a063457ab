import { load } from './shared/child_process.mjs';

export default { name: 'child_process-newest', label: '`child_process`, newest Node', runtime: 'node-newest', load };
