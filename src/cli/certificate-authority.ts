// `strongroom ca`: the tenant's certificate authority, asked of the running instance. The root's
// private key is written to a file before it is removed from the instance, never the other way
// round.
import { readFileSync, writeFileSync } from 'node:fs';
import type { Config } from '#config';
import { parse, type Schema, z } from '#kernel';
import { CommandFailure } from './command-failure.ts';
import {
  askManagement,
  type ManagementQuestion,
  NotRunning,
  Refused,
} from './management-client.ts';
import { clientOptions } from './running-instance.ts';
import type { Terminal } from './terminal.ts';

const BASE = '/providers/Strongroom.CertificateAuthority';
const ROOT = `${BASE}/authorities/root`;
const KEY_CHARS_MAX = 4096;
const PRIVATE_MODE = 0o600;

const authoritySchema = z.object({
  name: z.string(),
  properties: z.object({
    subject: z.string(),
    serialNumber: z.string(),
    notAfter: z.string(),
    certificate: z.base64(),
    isKeyPresent: z.boolean(),
    isIssuing: z.boolean().optional(),
    isRenewalDue: z.boolean().optional(),
    revokedOn: z.string().optional(),
  }),
});
const listSchema = z.object({ value: z.array(authoritySchema) });
const keySchema = z.object({ privateKey: z.string().startsWith('-----BEGIN PRIVATE KEY-----') });

type RenderedAuthority = z.infer<typeof authoritySchema>;

export interface CreateOptions {
  readonly permitDomain?: readonly string[];
  readonly permitRange?: readonly string[];
}

export async function createCertificateAuthority(
  config: Config,
  terminal: Terminal,
  { permitDomain, permitRange }: CreateOptions,
): Promise<number> {
  const permitted = {
    ...(permitDomain && { dnsDomains: permitDomain }),
    ...(permitRange && { ipRanges: permitRange }),
  };
  const isConstrained = Object.keys(permitted).length > 0;
  const properties = isConstrained ? { nameConstraints: { permitted } } : {};
  await ask(config, { path: ROOT, method: 'PUT', body: { properties } }, authoritySchema);
  terminal.out(
    isConstrained
      ? 'The certificate authority is set up.\n'
      : 'The certificate authority is set up. It has no name constraints: whoever may make\n' +
          'certificates in any vault gets one for any name.\n',
  );
  return 0;
}

/** As lines for people, or the certificates as PEM, root first. */
export async function showCertificateAuthority(
  config: Config,
  terminal: Terminal,
  { pem }: { readonly pem?: true },
): Promise<number> {
  const question = { path: `${BASE}/authorities`, method: 'GET' } as const;
  const { value } = await ask(config, question, listSchema);
  if (value.length === 0) throw new CommandFailure('There is none yet: strongroom ca create.');
  terminal.out(value.map(pem === true ? renderPem : renderLine).join(''));
  return 0;
}

export async function renewCertificateAuthority(
  config: Config,
  terminal: Terminal,
): Promise<number> {
  const question = { path: `${ROOT}/renew`, method: 'POST' } as const;
  terminal.out(renderLine(await ask(config, question, authoritySchema)));
  return 0;
}

/** The file must not exist yet. */
export async function takeRootOffline(
  config: Config,
  terminal: Terminal,
  { out }: { readonly out: string },
): Promise<number> {
  const question = { path: `${ROOT}/exportKey`, method: 'POST' } as const;
  const { privateKey } = await ask(config, question, keySchema);
  try {
    writeFileSync(out, privateKey, { mode: PRIVATE_MODE, flag: 'wx', flush: true });
  } catch {
    throw new CommandFailure(`${out} cannot be written, or is there already. Nothing was changed.`);
  }
  if (readKey(out) !== privateKey) {
    throw new CommandFailure(`${out} does not hold what was written. Nothing was changed.`);
  }
  await ask(config, { path: `${ROOT}/removeKey`, method: 'POST' }, authoritySchema);
  terminal.out(`The root's private key is in ${out} and nowhere else. Put it in a safe place.\n`);
  return 0;
}

export async function importRoot(
  config: Config,
  terminal: Terminal,
  { in: file }: { readonly in: string },
): Promise<number> {
  const body = { privateKey: readKey(file) };
  await ask(config, { path: `${ROOT}/importKey`, method: 'POST', body }, authoritySchema);
  terminal.out('The root can issue again. Take it offline when you are done.\n');
  return 0;
}

export interface RevokeOptions {
  /** Serial number of a certificate, or name or serial number of an intermediate. */
  readonly which: string;
  readonly reason?: string;
}

export async function revokeCertificate(
  config: Config,
  terminal: Terminal,
  { which, reason }: RevokeOptions,
): Promise<number> {
  const serial = which.replaceAll(':', '').toLowerCase();
  const isName = /^intermediate-\d{1,6}$/.test(serial);
  if (!isName && !/^[0-9a-f]{2,40}$/.test(serial)) {
    throw new CommandFailure('That is no serial number, and no intermediate.');
  }
  const question = { path: `${BASE}/authorities`, method: 'GET' } as const;
  const { value } = await ask(config, question, listSchema);
  const authority = value.find(
    ({ name, properties }) => name === serial || properties.serialNumber === serial,
  );
  const path = authority
    ? `${BASE}/authorities/${authority.name}`
    : `${BASE}/certificates/${serial}`;
  if (authority === undefined && isName) throw new CommandFailure(`There is no ${serial}.`);
  const absent = `The authority has issued no certificate with the serial number ${serial}.`;
  const asked = { path: `${path}/revoke`, method: 'POST', body: { reason }, absent } as const;
  const revoked = z.object({ properties: z.object({ subject: z.string() }) });
  const { properties } = await ask(config, asked, revoked);
  terminal.out(`Revoked: ${properties.subject}\n`);
  if (authority !== undefined) {
    terminal.out('What it issued counts no more: have the vaults make new versions.\n');
  }
  return 0;
}

interface Question extends ManagementQuestion {
  /** What it means when the instance does not find what was asked for. */
  readonly absent?: string;
}

async function ask<T>(config: Config, question: Question, schema: Schema<T>): Promise<T> {
  try {
    return parse(schema, await askManagement(question, clientOptions(config)), 'body');
  } catch (error) {
    if (error instanceof NotRunning) throw new CommandFailure('No server answers.');
    if (error instanceof CommandFailure || !(error instanceof Error)) throw error;
    if (
      error instanceof Refused &&
      error.code === 'ResourceNotFound' &&
      question.absent !== undefined
    ) {
      throw new CommandFailure(question.absent);
    }
    throw new CommandFailure(`The instance refused: ${error.message}`);
  }
}

function readKey(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new CommandFailure(`${file} cannot be read.`);
  }
  if (text.length > KEY_CHARS_MAX) throw new CommandFailure(`${file} is no private key.`);
  return text;
}

function renderLine({ name, properties }: RenderedAuthority): string {
  const { subject, notAfter, isKeyPresent, isIssuing, isRenewalDue, revokedOn } = properties;
  const states = [
    ...(isIssuing === true ? ['issuing'] : []),
    ...(isRenewalDue === true ? ['to be renewed'] : []),
    ...(isKeyPresent ? [] : ['offline']),
    ...(revokedOn === undefined ? [] : ['revoked']),
  ];
  const state = states.length === 0 ? '' : `  (${states.join(', ')})`;
  return `${name}  ${subject}  until ${notAfter.slice(0, 10)}${state}\n`;
}

function renderPem({ properties: { certificate } }: RenderedAuthority): string {
  const lines = certificate.match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
