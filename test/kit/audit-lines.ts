// What the audit log says of a request: in memory what it would say, on a served instance the line
// that stands in its files.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AuditedRequest, renderAuditEvent } from '#audit';
import { parse, parseJson, z } from '#kernel';
import type { Instance } from './instance.ts';
import type { Answer } from './wire.ts';

const LINE = z.object({
  operationName: z.string(),
  resultSignature: z.string(),
  resultDescription: z.string(),
  callerIpAddress: z.string(),
  identity: z.object({ claim: z.record(z.string(), z.string()) }),
  properties: z.looseObject({
    httpStatusCode: z.number(),
    denialReason: z.looseObject({ code: z.string().optional() }).optional(),
  }),
});

export type AuditLine = z.infer<typeof LINE>;

/** The line of the last request that went through an in-memory pipeline. */
export function lastAuditLine(outcomes: readonly AuditedRequest[]): AuditLine {
  const last = outcomes.at(-1);
  if (last === undefined) throw new Error('nothing was audited');
  return parse(LINE, parseJson(JSON.stringify(renderAuditEvent(last))), 'body');
}

/** The line about this answer in the files of a served instance; throws if there is none. */
export function auditLineOf(instance: Instance, answer: Answer): AuditLine {
  const id = String(answer.headers['x-ms-request-id'] ?? answer.headers['request-id']);
  const directory = join(instance.dataDirectory, 'audit');
  const files = readdirSync(directory).filter((name) => name.endsWith('.jsonl'));
  const lines = files.flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n'));
  const found = lines.filter((line) => line.includes(`"correlationId":"${id}"`));
  const [only, ...more] = found;
  if (only === undefined || more.length > 0) throw new Error(`${found.length} lines about ${id}`);
  return parse(LINE, parseJson(only), 'body');
}
