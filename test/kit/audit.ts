// The audit log of a served instance, as it lies on the disk. A line is written before its answer
// is sent, so what was answered can be read.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseJson, z } from '#kernel';
import type { Instance } from './instance.ts';

const EVENT = z.looseObject({
  operationName: z.string(),
  resultType: z.string().optional(),
  identity: z.object({ claim: z.looseObject({ oid: z.string().optional() }) }),
  properties: z.looseObject({
    httpStatusCode: z.number(),
    denialReason: z.looseObject({ code: z.string() }).optional(),
  }),
});

export type AuditedEvent = z.infer<typeof EVENT>;

/** Oldest first. */
export function readAudit({ dataDirectory }: Instance): readonly AuditedEvent[] {
  const directory = join(dataDirectory, 'audit');
  return readdirSync(directory)
    .filter((name) => /^audit-\d+\.jsonl$/.test(name))
    .sort()
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => parse(EVENT, parseJson(line), 'body'));
}
