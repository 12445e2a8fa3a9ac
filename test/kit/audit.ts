// What the audit log says: in memory what it would say of a request, on a served instance the lines
// in its files. A line is written before its answer is sent, so what was answered can be read.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AuditedRequest, renderAuditEvent } from '#audit';
import { parse, parseJson, z } from '#kernel';
import type { Instance } from './instance.ts';
import type { Answer } from './wire.ts';

const EVENT = z.looseObject({
  operationName: z.string(),
  resultType: z.string().optional(),
  identity: z.object({ claim: z.looseObject({ oid: z.string().optional() }) }),
  properties: z.looseObject({
    httpStatusCode: z.number(),
    denialReason: z.looseObject({ code: z.string() }).optional(),
  }),
});

const REQUEST = EVENT.extend({
  resultSignature: z.string(),
  resultDescription: z.string(),
  callerIpAddress: z.string(),
  properties: z.looseObject({
    httpStatusCode: z.number(),
    // At sign-in a refusal has facts for the sign-in log, and may have no code.
    denialReason: z.looseObject({ code: z.string().optional() }).optional(),
  }),
});

export type AuditedEvent = z.infer<typeof EVENT>;
export type AuditLine = z.infer<typeof REQUEST>;

/** Oldest first: requests, and what the system does by itself. */
export function readAudit(instance: Instance): readonly AuditedEvent[] {
  return readLines(instance).map((line) => parse(EVENT, parseJson(line), 'body'));
}

/** The line about this answer; throws if there is none. */
export function auditLineOf(instance: Instance, answer: Answer): AuditLine {
  const id = String(answer.headers['x-ms-request-id'] ?? answer.headers['request-id']);
  const found = readLines(instance).filter((line) => line.includes(`"correlationId":"${id}"`));
  const [only, ...more] = found;
  if (only === undefined || more.length > 0) throw new Error(`${found.length} lines about ${id}`);
  return parse(REQUEST, parseJson(only), 'body');
}

/** The line of the last request that went through an in-memory pipeline. */
export function lastAuditLine(outcomes: readonly AuditedRequest[]): AuditLine {
  const last = outcomes.at(-1);
  if (last === undefined) throw new Error('nothing was audited');
  return parse(REQUEST, parseJson(JSON.stringify(renderAuditEvent(last))), 'body');
}

function readLines({ dataDirectory }: Instance): readonly string[] {
  const directory = join(dataDirectory, 'audit');
  return readdirSync(directory)
    .filter((name) => /^audit-\d+\.jsonl$/.test(name))
    .sort()
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n'))
    .filter((line) => line !== '');
}
