export default {
  name: 'bun',
  label: '`Bun.spawn`',
  runtime: 'bun',
  async load() {
    const { Bun } = globalThis;
    const start = (file, args) => Bun.spawn([file, ...args], { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' });

    async function collect(file, args) {
      const child = start(file, args);
      const [stdout, , code] = await Promise.all([child.stdout.bytes(), child.stderr.bytes(), child.exited]);
      return { code, bytes: stdout.length };
    }

    async function drain(file, args) {
      const child = start(file, args);
      let bytes = 0;
      for await (const chunk of child.stdout) bytes += chunk.length;
      return { code: await child.exited, bytes };
    }

    async function hold(file, args) {
      const child = start(file, args);
      return { exited: child.exited, kill: () => child.kill('SIGKILL') };
    }

    return { collect, drain, hold };
  },
};
