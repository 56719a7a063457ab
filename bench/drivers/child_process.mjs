import { load } from './shared/child_process.mjs';

export default { name: 'child_process', label: '`child_process`, this Node', runtime: 'node', load };
