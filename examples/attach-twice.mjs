// Two who come later get the same story: one while the command runs, one when it is over.
//
//     node examples/attach-twice.mjs
import { local } from 'lastbyte';

const child = local.spawn('sh', ['-c', 'for i in 1 2 3; do echo "step $i"; sleep 0.1; done; echo done >&2; exit 7']);

async function story(name, handle) {
  const lines = [];
  for await (const event of handle.events()) {
    if (event.type === 'exit') lines.push(`#${event.seq} exit ${event.info.code}`);
    else if ('data' in event) lines.push(`#${event.seq} ${event.type} ${event.data.toString().trim()}`);
  }
  console.log(`${name}:\n  ${lines.join('\n  ')}`);
  return lines.join();
}

// The first comes after the first output, and nevertheless gets it.
await new Promise((resolve) => child.once('stdout', resolve));
const during = story('while it runs', await local.attach(child.id));
await child.wait();
const after = story('when it is over', await local.attach(child.id));

console.log((await during) === (await after) ? 'the same story' : 'NOT the same story');
