import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseSmtp } from './choose-smtp.ts';
import { ConfigError } from './config.ts';

test('without a mail server there is none, and a mail setting alone is a mistake', () => {
  assert.equal(chooseSmtp({}, 'example.com'), undefined);
  assert.throws(() => chooseSmtp({ mailFrom: 'a@b.c' }, 'example.com'), ConfigError);
  assert.throws(() => chooseSmtp({ smtpPassword: 'x' }, 'example.com'), ConfigError);
});

test('a server is named by its URL, and the sender follows the domain', () => {
  assert.deepEqual(chooseSmtp({ smtpUrl: 'smtp://mail.example' }, 'vaults.example'), {
    host: 'mail.example',
    port: 587,
    isTls: false,
    from: 'strongroom@vaults.example',
  });
  const secure = chooseSmtp({ smtpUrl: 'smtps://[::1]', mailFrom: 'me@a.example' }, 'x');
  assert.deepEqual(secure, { host: '::1', port: 465, isTls: true, from: 'me@a.example' });
});

test('the password is no property that a printed setting would show', () => {
  const values = { smtpUrl: 'smtp://a:25', smtpUser: 'me', smtpPassword: 'sesame' };
  const choice = chooseSmtp(values, 'x');
  assert.equal(choice?.signIn?.readPassword(), 'sesame');
  assert.ok(!JSON.stringify(choice).includes('sesame'));
});

test('a URL with a password, a path, another scheme or no host is refused', () => {
  for (const smtpUrl of [
    ...[
      'smtp://me:sesame@a',
      'smtp://a/path',
      'smtp://a?x=1',
      'smtp://a#x',
      'https://a',
      'mail.example',
      '',
    ],
  ]) {
    assert.throws(() => chooseSmtp({ smtpUrl }, 'x'), ConfigError, smtpUrl);
  }
  for (const smtpUrl of ['smtp://me@a', 'smtp://:sesame@a']) {
    assert.throws(() => chooseSmtp({ smtpUrl }, 'x'), ConfigError, smtpUrl);
  }
  for (const mailFrom of ['', 'a', '@b', 'a@', 'a@b@c', '<a@b>', 'a@b\0', `${'x'.repeat(65)}@b`]) {
    assert.throws(() => chooseSmtp({ smtpUrl: 'smtp://a', mailFrom }, 'x'), ConfigError, mailFrom);
  }
  const alone = { smtpUrl: 'smtp://a', smtpPassword: 'sesame' };
  assert.throws(() => chooseSmtp(alone, 'x'), /go together/);
  const half = { smtpUrl: 'smtp://a', smtpUser: 'me' };
  assert.throws(() => chooseSmtp(half, 'x'), ConfigError);
  const sender = { smtpUrl: 'smtp://a', mailFrom: 'a@b\r\nBcc: c@d' };
  assert.throws(() => chooseSmtp(sender, 'x'), ConfigError);
});
