export default {
  name: 'deno',
  label: '`Deno.Command`',
  runtime: 'deno',
  async load() {
    const { Deno } = globalThis;
    const command = (file, args) => new Deno.Command(file, { args, stdin: 'null', stdout: 'piped', stderr: 'piped' });

    async function collect(file, args) {
      const { code, stdout } = await command(file, args).output();
      return { code, bytes: stdout.length };
    }

    async function drain(file, args) {
      const child = command(file, args).spawn();
      let bytes = 0;
      for await (const chunk of child.stdout) bytes += chunk.length;
      await child.stderr.cancel();
      return { code: (await child.status).code, bytes };
    }

    async function hold(file, args) {
      const child = command(file, args).spawn();
      return { exited: child.status, kill: () => child.kill('SIGKILL') };
    }

    return { collect, drain, hold };
  },
};
