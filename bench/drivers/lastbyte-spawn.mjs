const module = new URL('../../dist/index.js', import.meta.url);

export default {
  name: 'lastbyte-spawn',
  label: 'lastbyte `spawn`',
  runtime: 'node',
  module,
  async load() {
    const { pipeline, spawn } = await import(module.href);

    async function collect(file, args) {
      const child = spawn(file, args);
      const [stdout, , info] = await Promise.all([child.stdout.bytes(), child.stderr.bytes(), child.wait()]);
      return { code: info.code, bytes: stdout.length };
    }

    async function drain(file, args) {
      const child = spawn(file, args);
      let bytes = 0;
      for await (const chunk of child.stdout) bytes += chunk.length;
      return { code: (await child.wait()).code, bytes };
    }

    async function hold(file, args) {
      const child = spawn(file, args);
      await child.started;
      return { exited: child.wait(), kill: () => child.kill('SIGKILL') };
    }

    async function chain(stages) {
      const last = stages.length - 1;
      const running = pipeline(
        stages.map(([file, ...args], i) => [file, args, i === last ? { stdout: 'ignore' } : {}]),
      );
      const { ok } = await running.wait();
      return { code: ok ? 0 : 1, bytes: 0 };
    }

    return { collect, drain, hold, chain };
  },
};
