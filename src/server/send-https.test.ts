import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { test } from 'node:test';
import { sendHttps } from './send-https.ts';

const GET = { method: 'GET', headers: {} } as const;

async function serving(listener: RequestListener, work: (url: string) => Promise<void>) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  try {
    await work(`http://127.0.0.1:${port}/`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

test('only https is called, or this machine itself', async () => {
  for (const url of [
    'http://example.com/',
    'http://169.254.169.254/',
    'ftp://localhost/',
    'file:///etc/passwd',
  ]) {
    await assert.rejects(sendHttps({ ...GET, url }), /only https/, url);
  }
});

test('an answer comes back with its headers in lower case', async () => {
  await serving(
    (message, response) => response.writeHead(201, { 'Replay-Nonce': 'n' }).end(message.method),
    async (url) => {
      const answer = await sendHttps({ ...GET, method: 'POST', url, body: '{}' });
      assert.deepEqual(
        [answer.status, answer.body, answer.headers['replay-nonce']],
        [201, 'POST', 'n'],
      );
    },
  );
});

test('no redirect is followed, and no answer beyond the limit is read', async () => {
  await serving(
    (_message, response) => response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end(),
    async (url) => assert.rejects(sendHttps({ ...GET, url })),
  );
  await serving(
    (_message, response) => response.end(Buffer.alloc(300_000)),
    async (url) => assert.rejects(sendHttps({ ...GET, url }), /too large/),
  );
});
