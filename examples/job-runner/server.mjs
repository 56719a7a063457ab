// A job runner with a web page: start jobs, watch them live, come back to those that have ended.
//
//     node examples/job-runner/server.mjs [PORT]
//
// Plain Node and lastbyte. What a reload, a second tab or a lost connection needs is in the event log: the page's
// EventSource reconnects with the number of the last event that it got, and the log goes on from there.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { availableParallelism } from 'node:os';
import { createExecutor } from 'lastbyte';

/** What may be started. A page that ran whatever it was sent would give the machine away. */
const jobs = {
  count: ['sh', ['-c', 'for i in 1 2 3 4 5 6 7 8 9 10; do echo "line $i"; sleep 0.3; done']],
  fail: ['sh', ['-c', 'echo "about to fail" >&2; exit 3']],
  flood: ['sh', ['-c', 'yes "a flood of output" | head -n 200000']],
  disk: ['df', ['-h']],
};

const executor = createExecutor({
  maxLive: availableParallelism(),
  retainBytes: 256 * 1024,
  retainMs: 10 * 60_000,
  maxRetained: 200,
});

const page = new URL('page.html', import.meta.url);
const idOf = (path) => decodeURIComponent(path.split('/')[2] ?? '');

const routes = [
  ['GET', /^\/$/, async (_, response) => send(response, 200, await readFile(page), 'text/html; charset=utf-8')],
  ['GET', /^\/jobs$/, (_, response) => send(response, 200, Object.keys(jobs))],
  ['GET', /^\/runs$/, async (_, response) => send(response, 200, await executor.list())],
  ['POST', /^\/runs$/, start],
  ['GET', /^\/runs\/[^/]+\/events$/, follow],
  ['POST', /^\/runs\/[^/]+\/kill$/, kill],
];

async function start(request, response) {
  let body = '';
  for await (const chunk of request) body += chunk;
  const name = new URLSearchParams(body).get('job') ?? '';
  if (!Object.hasOwn(jobs, name)) return send(response, 404, { error: `There is no job '${name}'` });
  const [file, args] = jobs[name];
  const child = executor.spawn(file, args, { timeoutMs: 60_000 });
  // Nobody reads here: the output goes to the log, for whoever comes.
  child.wait().catch(() => {});
  send(response, 201, { id: child.id, job: name });
}

/** Server-sent events; `Last-Event-ID` is the number of the last event that the page got. */
async function follow(request, response) {
  const handle = await executor.attach(idOf(request.url), { afterSeq: Number(request.headers['last-event-id'] ?? 0) });
  const events = handle.events();
  response.on('close', () => events.return());
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  try {
    for await (const event of events) {
      if (!response.write(asServerSent(event))) await drained(response);
    }
  } catch (error) {
    response.write(`event: failed\ndata: ${JSON.stringify({ message: error.message })}\n\n`);
  }
  response.end();
  await handle.detach();
}

function asServerSent(event) {
  const { type, seq, data, ...more } = event;
  const payload = data === undefined ? more : { base64: data.toString('base64') };
  // A gap has no number: who reconnects is told of it again.
  return `${seq === undefined ? '' : `id: ${seq}\n`}event: ${type}\ndata: ${JSON.stringify(payload)}\n\n`;
}

/** A page that is slow to read makes its own reader wait: it may lag, and is told; the job and other pages don't notice. */
function drained(response) {
  return new Promise((resolve) => {
    response.once('drain', resolve);
    response.once('close', resolve);
  });
}

async function kill(request, response) {
  const handle = await executor.attach(idOf(request.url));
  handle.terminate().catch(() => {});
  send(response, 202, {});
}

function send(response, status, body, type = 'application/json') {
  response.writeHead(status, { 'content-type': type });
  response.end(type === 'application/json' ? JSON.stringify(body) : body);
}

const server = createServer(async (request, response) => {
  try {
    const local = /^(127\.0\.0\.1|localhost):\d+$/.test(request.headers.host ?? '');
    const { origin } = request.headers;
    // Other sites' pages can send requests here, too: their origin tells.
    if (!local || (origin !== undefined && origin !== `http://${request.headers.host}`)) {
      return send(response, 403, { error: 'Only for pages of this server' });
    }
    const route = routes.find(([method, path]) => method === request.method && path.test(request.url));
    if (route === undefined) return send(response, 404, { error: 'Not here' });
    await route[2](request, response);
  } catch (error) {
    const known =
      error.code === 'ERR_LASTBYTE_EVICTED' ? 410 : error.code === 'ERR_LASTBYTE_UNKNOWN_EXECUTION' ? 404 : 500;
    if (!response.headersSent) send(response, known, { error: error.message, code: error.code });
    else response.end();
  }
});

server.listen(Number(process.argv[2] ?? 8080), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/`);
});

process.once('SIGTERM', async () => {
  server.close();
  server.closeAllConnections();
  await executor.close();
});
