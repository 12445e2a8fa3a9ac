// `strongroom audit verify`: says whether the audit log is whole, and where it is not.
import { verifyAudit } from '#audit';
import { type Config, dataFiles } from '#config';
import type { Terminal } from './terminal.ts';

/** Answers the audit log's key, at least 32 bytes. */
export type AuditKey = (config: Config) => Promise<Uint8Array>;

export interface VerifyOptions {
  readonly auditKey: AuditKey;
  /** Number of the first line that should be there. */
  readonly from: number;
}

/** Answers the exit code: 0 if the log is whole, otherwise 1. */
export async function verifyAuditLog(
  config: Config,
  terminal: Terminal,
  { auditKey, from }: VerifyOptions,
): Promise<number> {
  const { auditDirectory } = dataFiles(config.dataDirectory);
  const report = await verifyAudit(auditDirectory, await auditKey(config), from);
  for (const { file, line, kind, message } of report.problems) {
    terminal.out(`${file}:${line}: ${kind}: ${message}\n`);
  }
  if (report.unfinishedBytes > 0) {
    terminal.err(
      'The last line is unfinished: a server is writing it, or a crash cut it short; the next start takes it off.\n',
    );
  }
  const { lines, files, head } = report;
  const extent = `${lines} lines in ${files} files, up to number ${head.sequence}`;
  if (report.problems.length === 0) {
    terminal.out(`The audit log is whole: ${extent}.\n`);
    return 0;
  }
  terminal.out(`The audit log is NOT whole: ${report.problems.length} problems; ${extent}.\n`);
  return 1;
}
