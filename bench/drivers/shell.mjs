/** What a shell does by itself: only the chain. */
export default {
  name: 'shell',
  label: '`sh`',
  runtime: 'node',
  async load() {
    const { spawn } = await import('node:child_process');
    const quote = (word) => `'${word.replaceAll("'", "'\\''")}'`;

    function chain(stages) {
      const line = stages.map((words) => words.map(quote).join(' ')).join(' | ');
      return new Promise((resolve, reject) => {
        const child = spawn('/bin/sh', ['-c', `${line} > /dev/null`], { stdio: 'ignore' });
        child.on('error', reject);
        child.on('close', (code) => resolve({ code, bytes: 0 }));
      });
    }

    return { chain };
  },
};
