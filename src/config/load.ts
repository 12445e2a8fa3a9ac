// Flags over environment over file over defaults → Config. The only reader of process.env. It
// refuses what it does not understand: a mistyped setting must not silently become its default.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import process from 'node:process';
import ipaddr from 'ipaddr.js';
import { chooseSmtp } from './choose-smtp.ts';
import {
  type AcmeChoice,
  type Config,
  ConfigError,
  type HsmChoice,
  type IssuerReach,
  issuerReaches,
  type SealChoice,
} from './config.ts';
import { dataFiles } from './data-files.ts';
import { configFileSetting, type Setting, settings, type Values } from './settings.ts';

type Environment = Readonly<Record<string, string | undefined>>;
type MutableValues = { -readonly [Name in keyof Values]: Values[Name] };

export interface ConfigSources {
  /** By setting name, as typed. */
  readonly flags: Values & { readonly config?: string };
  readonly environment?: Environment;
  /** Where relative paths of flags and variables start. */
  readonly workingDirectory?: string;
}

const DEFAULT_DATA_DIRECTORY = '.strongroom';
const DEFAULT_PORT = 8443;
const PORT_MAX = 65_535;
/** A host name may have 253 characters; `<vault of 24>.vault.` stands before ours. */
const DOMAIN_LENGTH_MAX = 253 - '.vault.'.length - 24;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** What Kubernetes puts into STRONGROOM_PORT of every pod beside a Service named "strongroom". */
const SERVICE_LINK = /^(tcp|udp|sctp):\/\//;
const CONFIG_FILE_BYTES_MAX = 64 * 1024;

/** Throws ConfigError with one sentence that names the setting and what it wants. */
export function loadConfig(sources: ConfigSources): Config {
  const environment = sources.environment ?? process.env;
  const workingDirectory = sources.workingDirectory ?? process.cwd();
  const fromEnvironment = environmentValues(environment);
  const filePath = sources.flags.config ?? variable(environment, configFileSetting.variable);
  const values: Values = {
    ...(filePath !== undefined && fileValues(resolve(workingDirectory, filePath))),
    ...absolutePaths(fromEnvironment, workingDirectory),
    ...absolutePaths(flagValues(sources.flags), workingDirectory),
  };
  const hsm = chooseHsm(values);
  const domain = parseDomain(values.domain ?? 'localhost');
  const smtp = chooseSmtp(values, domain);
  const dataDirectory = values.dataDirectory ?? resolve(workingDirectory, DEFAULT_DATA_DIRECTORY);
  return Object.freeze({
    dataDirectory,
    domain,
    host: parseHost(values.host ?? '127.0.0.1'),
    port: parsePort(values.port),
    ...(values.httpPort !== undefined && { httpPort: parseHttpPort(values.httpPort) }),
    ...acmeChoice(values),
    issuerReach: parseIssuerReach(values.issuerReach ?? 'private'),
    output: parseOutput(values.output ?? 'text'),
    ...tlsFiles(values),
    seal: chooseSeal(values, dataDirectory),
    ...(hsm && { hsm }),
    ...(smtp && { smtp }),
    ...(values.attestationFile !== undefined && { attestationFile: values.attestationFile }),
  });
}

function environmentValues(environment: Environment): Values {
  const values: MutableValues = {};
  for (const setting of settings) {
    const value = variable(environment, setting.variable);
    if (value === undefined || (setting.name === 'port' && SERVICE_LINK.test(value))) continue;
    values[setting.name] = value;
  }
  return values;
}

function variable(environment: Environment, name: string): string | undefined {
  const value = environment[name];
  // An empty STRONGROOM_ROOT_KEY is an injection that went wrong; falling back to a key file would
  // quietly start a second, empty instance.
  if (value === '') throw new ConfigError(`${name} is empty: give it a value or unset it.`);
  return value;
}

function flagValues(flags: Values): Values {
  const empty = settings.find((setting) => flags[setting.name] === '');
  if (empty !== undefined) throw new ConfigError(`${flagName(empty)} needs a value.`);
  return flags;
}

function fileValues(path: string): Values {
  const values: MutableValues = {};
  for (const [name, value] of Object.entries(parseConfigFile(path))) {
    const setting = settings.find((known) => known.name === name);
    if (setting === undefined) {
      throw new ConfigError(`${path} has a setting ${JSON.stringify(name)} that does not exist.`);
    }
    if ('environmentOnly' in setting) {
      throw new ConfigError(`${path} must not hold ${name}: set ${setting.variable} instead.`);
    }
    if ((typeof value !== 'string' && typeof value !== 'number') || value === '') {
      throw new ConfigError(`${path}: ${name} must be a text or a number.`);
    }
    values[setting.name] = String(value);
  }
  return absolutePaths(values, dirname(path));
}

function parseConfigFile(path: string): Readonly<Record<string, unknown>> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new ConfigError(`The configuration file ${path} cannot be read.`);
  }
  if (text.length > CONFIG_FILE_BYTES_MAX) {
    throw new ConfigError(`The configuration file ${path} is too long.`);
  }
  try {
    const content: unknown = JSON.parse(text);
    if (typeof content === 'object' && content !== null && !Array.isArray(content)) {
      return { ...content };
    }
  } catch {
    // Not JSON at all; the sentence below says so.
  }
  throw new ConfigError(`The configuration file ${path} is not a JSON object.`);
}

function absolutePaths(values: Values, base: string): Values {
  const absolute: MutableValues = {};
  for (const { name, isPath } of settings) {
    const value = values[name];
    if (value !== undefined) absolute[name] = isPath ? resolve(base, value) : value;
  }
  return absolute;
}

function parseDomain(text: string): string {
  const domain = text.toLowerCase();
  const labels = domain.split('.');
  const isName = labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '');
  if (isName && domain.length <= DOMAIN_LENGTH_MAX) return domain;
  throw new ConfigError(
    `The domain ${JSON.stringify(text)} is not a DNS name such as "localhost" or "vaults.example".`,
  );
}

function parseHost(text: string): string {
  const isAddress = ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
  if (isAddress || text === 'localhost') return text;
  throw new ConfigError(
    `The host ${JSON.stringify(text)} is not an address to listen on such as "127.0.0.1" or "::".`,
  );
}

function parsePort(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PORT;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (port >= 0 && port <= PORT_MAX) return port;
  throw new ConfigError(
    `The port ${JSON.stringify(text)} is not a whole number from 0 (any free port) to ${PORT_MAX}.`,
  );
}

/** Its URLs stand in certificates for years, so there is no "any free one". */
function parseHttpPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= PORT_MAX) return port;
  throw new ConfigError(
    `The HTTP port ${JSON.stringify(text)} is not a whole number from 1 to ${PORT_MAX}.`,
  );
}

function acmeChoice({ acmeDirectory, acmeDnsWebhook, acmeDnsWebhookToken }: Values): {
  readonly acme?: AcmeChoice;
} {
  if (acmeDirectory === undefined) {
    if (acmeDnsWebhook === undefined) return {};
    throw new ConfigError('--acme-dns-webhook serves --acme-directory: give that as well.');
  }
  const directory = parseAddress('--acme-directory', acmeDirectory);
  if (acmeDnsWebhook === undefined) return { acme: { directory } };
  const url = parseAddress('--acme-dns-webhook', acmeDnsWebhook);
  return { acme: { directory, dnsWebhook: { url, readToken: () => acmeDnsWebhookToken } } };
}

/** https, or plain http to this machine itself. The refusal does not repeat what may be secret. */
function parseAddress(flag: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOwn =
    url?.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  const isOpen = url?.username === '' && url.password === '';
  if (url !== undefined && (url.protocol === 'https:' || isOwn) && isOpen) return url.href;
  throw new ConfigError(`${flag} wants an https address, without a name or password in it.`);
}

function parseIssuerReach(text: string): IssuerReach {
  const found = issuerReaches.find((reach) => reach === text);
  if (found !== undefined) return found;
  throw new ConfigError('--issuer-reach must be "public", "private" or "loopback".');
}

function parseOutput(text: string): 'text' | 'json' {
  if (text === 'text' || text === 'json') return text;
  throw new ConfigError(`The output ${JSON.stringify(text)} is neither "text" nor "json".`);
}

function tlsFiles({ tlsCertFile, tlsKeyFile }: Values): Pick<Config, 'tlsCertFile' | 'tlsKeyFile'> {
  if (tlsCertFile !== undefined && tlsKeyFile !== undefined) return { tlsCertFile, tlsKeyFile };
  if (tlsCertFile === undefined && tlsKeyFile === undefined) return {};
  throw new ConfigError('--tls-cert and --tls-key go together: give both or neither.');
}

function chooseSeal(values: Values, dataDirectory: string): SealChoice {
  const { keyFile, passphraseFile, rootKey } = values;
  const given = [keyFile, passphraseFile, rootKey].filter((value) => value !== undefined);
  if (given.length > 1) {
    throw new ConfigError(
      'Choose one of --key-file, --passphrase-file and STRONGROOM_ROOT_KEY: there is one root key.',
    );
  }
  if (passphraseFile !== undefined) {
    return Object.freeze({ kind: 'passphrase', path: passphraseFile });
  }
  if (rootKey !== undefined) {
    return Object.freeze({
      kind: 'environment',
      variable: 'STRONGROOM_ROOT_KEY',
      read: () => rootKey,
    });
  }
  return Object.freeze({ kind: 'key-file', path: keyFile ?? dataFiles(dataDirectory).keyFile });
}

function chooseHsm({ hsmModule, hsmToken, hsmPinFile, hsmPin }: Values): HsmChoice | undefined {
  if (hsmModule === undefined) {
    if (hsmToken === undefined && hsmPinFile === undefined && hsmPin === undefined)
      return undefined;
    throw new ConfigError('A token and its PIN need --hsm-module: the PKCS#11 module of the HSM.');
  }
  if (hsmToken === undefined) {
    throw new ConfigError('--hsm-module needs --hsm-token: the label of the token to use.');
  }
  if ((hsmPinFile === undefined) === (hsmPin === undefined)) {
    throw new ConfigError('--hsm-module needs the PIN: --hsm-pin-file or STRONGROOM_HSM_PIN.');
  }
  const pin =
    hsmPinFile === undefined
      ? ({ kind: 'environment', read: () => hsmPin ?? '' } as const)
      : ({ kind: 'file', path: hsmPinFile } as const);
  return Object.freeze({ module: hsmModule, token: hsmToken, pin: Object.freeze(pin) });
}

function flagName(setting: Setting): string {
  return setting.flag?.split(' ')[0] ?? setting.variable;
}
