// The settings of the mail server, checked together.
import { ConfigError, type SmtpChoice } from './config.ts';
import type { Values } from './settings.ts';

const DEFAULT_PORT = { 'smtp:': 587, 'smtps:': 465 } as const;
const ADDRESS = /^[^\s\p{Cc}@<>"]{1,64}@[^\s\p{Cc}@<>"]{1,253}$/u;

/** `undefined`: no mail is sent. Throws ConfigError. */
export function chooseSmtp(values: Values, domain: string): SmtpChoice | undefined {
  const { smtpUrl, smtpUser, smtpPassword, mailFrom } = values;
  if (smtpUrl === undefined) {
    if ((smtpUser ?? smtpPassword ?? mailFrom) === undefined) return undefined;
    throw new ConfigError('Settings for mail need --smtp-url: the server that takes it.');
  }
  if ((smtpUser === undefined) !== (smtpPassword === undefined)) {
    throw new ConfigError('--smtp-user and STRONGROOM_SMTP_PASSWORD go together.');
  }
  const from = mailFrom ?? `strongroom@${domain}`;
  if (!ADDRESS.test(from)) throw new ConfigError('--mail-from must be one mail address.');
  return Object.freeze({
    ...parseUrl(smtpUrl),
    from,
    ...(smtpUser !== undefined && {
      signIn: { user: smtpUser, readPassword: () => smtpPassword ?? '' },
    }),
  });
}

function parseUrl(text: string): Pick<SmtpChoice, 'host' | 'port' | 'isTls'> {
  const url = URL.parse(text);
  const { protocol } = url ?? {};
  const isOpen = url?.username === '' && url.password === '';
  const isPlain = isOpen && url.search === '' && url.hash === '';
  if (url === null || url.hostname === '' || !isPlain || !/^\/?$/.test(url.pathname)) {
    throw new ConfigError('--smtp-url must be smtp://host:port or smtps://host:port, no more.');
  }
  if (protocol !== 'smtp:' && protocol !== 'smtps:') {
    throw new ConfigError('--smtp-url must begin with smtp:// or smtps://.');
  }
  const port = url.port === '' ? DEFAULT_PORT[protocol] : Number(url.port);
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port, isTls: protocol === 'smtps:' };
}
