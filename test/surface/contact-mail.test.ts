// Certificate contacts told by mail, from a served instance to a mail server on this machine.
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { after, before, test } from 'node:test';
import { exportPkcs8, generateKey, selfSignCertificate, writePem } from '#cryptography';
import { admitToSecrets, createVault } from '#test/kit/estate.ts';
import { type Instance, startInstance, temporaryDirectory } from '#test/kit/instance.ts';

const DAY_MS = 86_400_000;
const MAIL_MS_MAX = 30_000;
const dataDirectory = temporaryDirectory();
/** `<address> <subject>` of each mail that was taken. */
const taken: string[] = [];
const mails = new EventEmitter();
let refused = 0;

/** As much of SMTP as a client needs; `nobody@…` is refused. */
const server: Server = createServer((socket) => {
  let recipient = '';
  let text: string | undefined;
  socket.write('220 test\r\n');
  socket.on('error', () => undefined);
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    if (text !== undefined) {
      text += chunk;
      if (!text.endsWith('\r\n.\r\n')) return;
      taken.push(`${recipient} ${/^Subject: (.*)\r$/m.exec(text)?.[1]?.split(' ')[1]}`);
      text = undefined;
      mails.emit('taken');
      socket.write('250 taken\r\n');
      return;
    }
    const to = /^RCPT TO:<(.*)>/.exec(chunk)?.[1];
    recipient = to ?? recipient;
    if (to?.startsWith('nobody@')) {
      refused += 1;
      socket.write('550 no such person\r\n');
    } else if (chunk.startsWith('DATA')) {
      text = '';
      socket.write('354 go on\r\n');
    } else if (chunk.startsWith('QUIT')) socket.end('221 bye\r\n');
    else socket.write('250 yes\r\n');
  });
});

async function start(): Promise<Instance> {
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return await startInstance({ dataDirectory, flags: ['--smtp-url', `smtp://127.0.0.1:${port}`] });
}

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

after(() => {
  server.close();
  rmSync(dataDirectory, { recursive: true, force: true });
});

/** Past half of its life, when its contacts are to be told. */
async function importOld({ owner }: Instance, vault: string, name: string): Promise<void> {
  const key = await generateKey({ kty: 'EC', crv: 'P-256' });
  const nowMs = Math.floor(Date.now() / 1000) * 1000;
  const times = { notBeforeMs: nowMs - 200 * DAY_MS, notAfterMs: nowMs + 100 * DAY_MS };
  const certificate = await selfSignCertificate({ profile: { subject: 'CN=old' }, key, ...times });
  const value = writePem({ privateKey: exportPkcs8(key), certificates: [certificate] });
  const notice = { trigger: { lifetime_percentage: 50 }, action: { action_type: 'EmailContacts' } };
  const policy = {
    lifetime_actions: [notice],
    secret_props: { contentType: 'application/x-pem-file' },
  };
  const path = `/certificates/${name}/import`;
  (await owner.vault(vault, { method: 'POST', path, json: { value, policy } })).expect(200);
}

async function waitFor(mail: string): Promise<void> {
  const signal = AbortSignal.timeout(MAIL_MS_MAX);
  while (!taken.includes(mail)) await once(mails, 'taken', { signal });
}

test('a contact is told once, whatever becomes of the others and of the process', async () => {
  const first = await start();
  const vault = await createVault(first.owner, { model: 'rbac' });
  await admitToSecrets(first.owner, first.owner, { name: vault, model: 'rbac' });
  const json = { contacts: [{ email: 'nobody@example.com' }, { email: 'ann@example.com' }] };
  const contacts = { method: 'PUT', path: '/certificates/contacts', json };
  (await first.owner.vault(vault, contacts)).expect(200);
  await importOld(first, vault, 'one');
  await first.stop();

  const second = await start();
  await waitFor('ann@example.com one');
  assert.equal(refused, 1);
  await importOld(second, vault, 'two');
  await second.kill();

  const third = await start();
  await waitFor('ann@example.com two');
  assert.equal((await third.stop()).code, 0);
  assert.deepEqual(taken, ['ann@example.com one', 'ann@example.com two']);
  assert.equal(refused, 2, 'who was refused is tried again in five minutes, not at a start');
});
