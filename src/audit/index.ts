export { AuditLog, type AuditLogOptions } from './audit-log.ts';
export type { Head } from './chain.ts';
export { AuditDamaged, AuditUnavailable } from './errors.ts';
export {
  type AuditEvent,
  type AuditedRequest,
  renderAuditEvent,
  renderSystemEvent,
  type SystemWork,
} from './event.ts';
export type { OpenSink, Sink } from './sink.ts';
export { type AuditProblem, type AuditReport, verifyAudit } from './verify.ts';
