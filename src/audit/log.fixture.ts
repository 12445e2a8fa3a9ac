// An audit log in a directory of its own, for tests.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '#kernel';
import { AuditLog, type AuditLogOptions } from './audit-log.ts';
import type { AuditEvent } from './event.ts';
import { verifyAudit } from './verify.ts';

export const key = Buffer.alloc(32, 7);

export class TestLog {
  readonly #parent = mkdtempSync(join(tmpdir(), 'strongroom-audit-'));
  readonly directory = join(this.#parent, 'audit');
  readonly clock = new ManualClock();

  open(options: Partial<AuditLogOptions> = {}): Promise<AuditLog> {
    return AuditLog.open({ directory: this.directory, clock: this.clock, key, ...options });
  }

  /** Opens, appends `Event0`, `Event1`, …, one after the other, and closes. */
  async write(count: number, options: Partial<AuditLogOptions> = {}): Promise<void> {
    const log = await this.open(options);
    for (let i = 0; i < count; i += 1) await log.append(auditEvent(`Event${i}`));
    await log.close();
  }

  files(): readonly string[] {
    return readdirSync(this.directory).filter((name) => name.startsWith('audit-'));
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  newest(): string {
    return this.path(this.files().at(-1) ?? '');
  }

  /** Operation names of all whole lines, in order. */
  operations(): readonly string[] {
    return this.files()
      .flatMap((name) => readFileSync(this.path(name), 'utf8').split('\n'))
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line).operationName);
  }

  async assertWhole(lines: number): Promise<void> {
    const report = await verifyAudit(this.directory, key);
    assert.deepEqual(report.problems, []);
    assert.equal(report.lines, lines);
    assert.equal(report.head.sequence, lines);
  }

  remove(): void {
    rmSync(this.#parent, { recursive: true });
  }
}

export function auditEvent(operationName: string): AuditEvent {
  return {
    time: '2026-01-01T00:00:00.000Z',
    category: 'AuditEvent',
    operationName,
    resultType: 'Success',
    resultSignature: 'OK',
    resultDescription: 'a "quoted"\nmessage – 中文 \u2028',
    correlationId: '',
    callerIpAddress: '127.0.0.1',
    identity: { claim: { oid: 'mallory' } },
    properties: {},
    resourceId: '',
    operationVersion: '',
    durationMs: '1',
  };
}
