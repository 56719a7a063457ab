// The leanest correct use: 'data' listeners and 'close'. execFile and the like cost more.
const stdio = ['ignore', 'pipe', 'pipe'];

export async function load() {
  const { spawn } = await import('node:child_process');

  const collect = (file, args) =>
    new Promise((resolve, reject) => {
      const child = spawn(file, args, { stdio });
      let bytes = 0;
      child.stdout.on('data', (chunk) => {
        bytes += chunk.length;
      });
      child.stderr.resume();
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, bytes }));
    });

  const hold = (file, args) =>
    new Promise((resolve, reject) => {
      const child = spawn(file, args, { stdio });
      child.stdout.resume();
      child.stderr.resume();
      const exited = new Promise((settle) => child.on('close', settle));
      child.on('error', reject);
      child.on('spawn', () => resolve({ exited, kill: () => child.kill('SIGKILL') }));
    });

  return { collect, drain: collect, hold };
}
