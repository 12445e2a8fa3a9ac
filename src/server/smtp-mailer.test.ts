import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { after, before, test } from 'node:test';
import { smtpMailer } from './smtp-mailer.ts';

/** As much of a mail server as a client needs; it has no TLS. */
function mailServer(received: string[]): Server {
  return createServer((socket) => {
    let isData = false;
    socket.write('220 test\r\n');
    socket.setEncoding('utf8').on('data', (text: string) => {
      received.push(text);
      if (isData) {
        if (!text.endsWith('\r\n.\r\n')) return;
        isData = false;
        socket.write('250 taken\r\n');
      } else if (text.startsWith('DATA')) {
        isData = true;
        socket.write('354 go on\r\n');
      } else if (text.startsWith('RCPT') && text.includes('nobody')) {
        socket.write('550 no such person\r\n');
      } else if (text.startsWith('QUIT')) socket.end('221 bye\r\n');
      else socket.write('250 yes\r\n');
    });
    socket.on('error', () => undefined);
  });
}

const received: string[] = [];
const server = mailServer(received);
let options = { host: '127.0.0.1', port: 0, isTls: false, from: 'vaults@example.com' };

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address !== null && typeof address === 'object') options = { ...options, port: address.port };
});

after(() => server.close());

test('each recipient gets a mail of his own', async () => {
  const mailer = smtpMailer(options);
  for (const to of ['a@example.com', 'b@example.com']) {
    assert.equal(await mailer.send({ to, subject: 'Hello', text: 'Text.' }), 'taken');
  }
  const all = received.join('');
  assert.equal(all.match(/^DATA/gm)?.length, 2);
  assert.match(all, /RCPT TO:<a@example\.com>/);
  assert.match(all, /^To: a@example\.com\r$/m);
  assert.match(all, /^Subject: Hello\r$/m);
  assert.ok(!/a@example\.com.*b@example\.com/.test(all));
});

test('an address that the server does not want is refused', async () => {
  const mail = { to: 'nobody@example.com', subject: 'x', text: 'x' };
  assert.equal(await smtpMailer(options).send(mail), 'refused');
});

test('a mail to nobody who answers rejects', async () => {
  const mail = { to: 'a@example.com', subject: 'x', text: 'x' };
  await assert.rejects(smtpMailer({ ...options, port: 1 }).send(mail), /ECONNREFUSED/);
});

test('a password is not sent to a server without TLS', async () => {
  received.length = 0;
  const signIn = { user: 'me', readPassword: () => 'sesame' };
  const mail = { to: 'a@example.com', subject: 'x', text: 'x' };
  await assert.rejects(smtpMailer({ ...options, signIn }).send(mail));
  const all = received.join('');
  assert.ok(!all.includes('AUTH'));
  assert.ok(!all.includes(Buffer.from('sesame').toString('base64')));
});
