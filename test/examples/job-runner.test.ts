import { request } from 'node:http';
import { expect, test } from 'vitest';
import { serveExample } from '../support/example.js';

interface ServerSent {
  id?: number;
  event: string;
  data: {
    base64?: string;
    info?: { code: number | null; signal: string | null };
    dropped?: { stdout: number; stderr: number };
  };
}

function parse(block: string): ServerSent {
  const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)));
  const { id, event, data } = fields as Record<string, string>;
  return { ...(id === undefined ? {} : { id: Number(id) }), event: event as string, data: JSON.parse(data as string) };
}

/** The events of a run, up to the end, or until `enough` says so. */
async function follow(url: string, id: string, after = 0, enough = (_: ServerSent) => false): Promise<ServerSent[]> {
  const leave = new AbortController();
  const headers = { 'last-event-id': `${after}` };
  const response = await fetch(`${url}runs/${id}/events`, { headers, signal: leave.signal });
  const events: ServerSent[] = [];
  let rest = '';
  for await (const text of (response.body as ReadableStream).pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop() as string;
    for (const block of blocks) {
      events.push(parse(block));
      if (enough(events.at(-1) as ServerSent)) {
        leave.abort();
        return events;
      }
    }
  }
  return events;
}

const text = (events: ServerSent[], stream: string) =>
  Buffer.concat(
    events.flatMap(({ event, data }) => (event === stream ? [Buffer.from(data.base64 ?? '', 'base64')] : [])),
  ).toString();

async function start(url: string, job: string): Promise<string> {
  const response = await fetch(`${url}runs`, { method: 'POST', body: new URLSearchParams({ job }) });
  expect(response.status).toBe(201);
  return ((await response.json()) as { id: string }).id;
}

test('a run is seen live, after a lost connection from where it was, and when it has ended', async () => {
  const url = await serveExample('job-runner/server.mjs');
  const id = await start(url, 'count');
  const first = await follow(url, id, 0, ({ event }) => event === 'stdout');
  expect(text(first, 'stdout')).toMatch(/^line 1\n/);
  const rest = await follow(url, id, first.at(-1)?.id);
  const all = [...first, ...rest];
  const lines = Array.from({ length: 10 }, (_, i) => `line ${i + 1}\n`).join('');
  expect(text(all, 'stdout')).toBe(lines);
  expect(all.map(({ id }) => id)).toEqual(all.map((_, i) => i + 1));
  expect(all.at(-1)).toMatchObject({ event: 'exit', data: { info: { code: 0 } } });
  expect(await follow(url, id)).toEqual(all);
  expect(await (await fetch(`${url}runs`)).json()).toMatchObject([{ id, state: 'exited', exit: { code: 0 } }]);
});

test('a failure is told with what it said, and a flood as far as it is kept', async () => {
  const url = await serveExample('job-runner/server.mjs');
  const failed = await follow(url, await start(url, 'fail'));
  expect(text(failed, 'stderr')).toBe('about to fail\n');
  expect(failed.at(-1)?.data.info?.code).toBe(3);
  const flood = await start(url, 'flood');
  await follow(url, flood);
  const late = await follow(url, flood);
  const dropped = late[0]?.data.dropped?.stdout ?? 0;
  const line = 'a flood of output\n';
  expect(dropped + text(late, 'stdout').length).toBe(200_000 * line.length);
});

test('a run can be ended', async () => {
  const url = await serveExample('job-runner/server.mjs');
  const id = await start(url, 'count');
  await follow(url, id, 0, ({ event }) => event === 'stdout');
  expect((await fetch(`${url}runs/${id}/kill`, { method: 'POST' })).status).toBe(202);
  expect((await follow(url, id)).at(-1)?.data.info?.signal).toBe('SIGTERM');
});

test('the page is there; what is not, and who has no business here, is told', async () => {
  const url = await serveExample('job-runner/server.mjs');
  expect(await (await fetch(url)).text()).toContain('<title>Jobs</title>');
  expect((await fetch(`${url}runs/none/events`)).status).toBe(404);
  expect((await fetch(`${url}nothing`)).status).toBe(404);
  expect((await fetch(`${url}runs`, { method: 'POST', body: new URLSearchParams({ job: 'rm' }) })).status).toBe(404);
  const headers = { origin: 'http://evil.example' };
  expect(
    (await fetch(`${url}runs`, { method: 'POST', headers, body: new URLSearchParams({ job: 'disk' }) })).status,
  ).toBe(403);
  // `fetch` won't send another host's name.
  const status = await new Promise((resolve, reject) => {
    request(url, { headers: { host: 'evil.example' } }, ({ statusCode }) => resolve(statusCode))
      .on('error', reject)
      .end();
  });
  expect(status).toBe(403);
});
