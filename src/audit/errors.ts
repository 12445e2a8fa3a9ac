// What can be wrong with the log itself. Both messages are for the operator.

/** The log could not be written, so the request it belongs to must fail. */
export class AuditUnavailable extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'AuditUnavailable';
  }
}

/** The log on disk is not the one that was written. Nothing was changed. */
export class AuditDamaged extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AuditDamaged';
  }
}
