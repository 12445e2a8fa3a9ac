// The program: the command line, and what stands behind its commands. Holds no rules of its own.
import { buildProgram } from '#cli';
import { asSystem, SYSTEM_PARTITION, serve } from '#composition';
import { describeStartFailure, readAuditKey } from '#installation';
import { systemClock as clock } from '#kernel';

await buildProgram({
  serve,
  auditKey: (config) => readAuditKey({ config, systemGrant: asSystem(SYSTEM_PARTITION), clock }),
  describeFailure: describeStartFailure,
}).parseAsync();
