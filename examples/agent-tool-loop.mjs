// The tools that an agent needs to work with commands: start one, look at it without waiting for its end, answer its
// questions, go on looking, end it. No output is lost between two calls, and none is shown twice.
//
//     node examples/agent-tool-loop.mjs
//
// The "model" here is a script, so that it runs anywhere; put yours in its place.
import { createExecutor } from 'lastbyte';

const executor = createExecutor({ maxLive: 8, retainBytes: 1024 * 1024, retainMs: 5 * 60_000 });

/** How much of the output goes into the model's context at a time. */
const MAX_BYTES = 16 * 1024;

const tools = {
  /** Starts a command line and shows what comes within `wait_ms`. */
  async run_command({ command, wait_ms = 1000, timeout_ms = 60_000 }) {
    const child = executor.spawn(command, { shell: true, stdin: 'pipe', timeoutMs: timeout_ms });
    writers.set(child.id, child);
    return look(child, 0, wait_ms);
  },

  /** What has come since `after`; waits for something new. */
  async read_output({ id, after, wait_ms = 1000 }) {
    return look(await executor.attach(id), after, wait_ms);
  },

  async write_stdin({ id, text, after, wait_ms = 1000 }) {
    const child = writers.get(id);
    if (child === undefined) throw new Error(`${id} has ended, or never was`);
    child.stdin.write(text);
    return look(child, after, wait_ms);
  },

  async stop({ id }) {
    const info = await (await executor.attach(id)).terminate();
    return { id, ended: describe(info) };
  },
};

/** Whose stdin can still be written to: by the handle that started it. */
const writers = new Map();

async function look(handle, after, waitMs) {
  const output = [];
  const until = Date.now() + waitMs;
  let result;
  let size = 0;
  // Collects until the time is up, the command has ended, or there is enough to show.
  do {
    const waits = { waitMs: Math.max(0, until - Date.now()), maxBytes: MAX_BYTES };
    result = await handle.read({ afterSeq: after, ...waits });
    for (const event of result.events) {
      if (!('data' in event)) continue;
      output.push(event.data);
      size += event.data.length;
    }
    if (result.lag) output.push(Buffer.from(`\n[${result.lag.stdout + result.lag.stderr} bytes left out]\n`));
    after = result.nextSeq - 1;
  } while (!result.closed && size < MAX_BYTES && Date.now() < until);
  if (result.closed) writers.delete(handle.id);
  return {
    id: handle.id,
    after,
    output: Buffer.concat(output).toString(),
    ...(result.closed ? { ended: describe(result.exit) } : { running: true }),
  };
}

function describe({ reason, code, signal }) {
  return reason === 'exited' ? `exit code ${code}` : `${reason} (${signal ?? code})`;
}

/** A script in the place of a model: gets the last result, gives the next call, or undefined when it has finished. */
function* model() {
  // A command that fails at once.
  let result = yield ['run_command', { command: 'ls /nowhere' }];
  // One that asks something and waits for the answer.
  result = yield ['run_command', { command: 'printf "Name? "; read name; echo "Hello, $name"', wait_ms: 200 }];
  result = yield ['write_stdin', { id: result.id, text: 'lastbyte\n', after: result.after }];
  // One that goes on for long: a look at it now and then, and an end to it.
  result = yield [
    'run_command',
    { command: 'i=0; while :; do i=$((i+1)); echo "tick $i"; sleep 0.05; done', wait_ms: 120 },
  ];
  result = yield ['read_output', { id: result.id, after: result.after, wait_ms: 120 }];
  yield ['stop', { id: result.id }];
}

const turns = model();
let result;
for (let turn = turns.next(); !turn.done; turn = turns.next(result)) {
  const [name, input] = turn.value;
  console.log(`→ ${name} ${JSON.stringify(input)}`);
  try {
    result = await tools[name](input);
  } catch (error) {
    result = { error: error.message, code: error.code };
  }
  console.log(`← ${JSON.stringify(result)}`);
}
await executor.close();
