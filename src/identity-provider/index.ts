export type { GraphTarget } from './graph/graph-context.ts';
export { type GraphPlaneOptions, graphPlane } from './graph/graph-plane.ts';
export type { LoginEndpoints, LoginTarget } from './login-context.ts';
export { type LoginPlaneOptions, loginPlane } from './login-plane.ts';
export { logRetentionJob, openIdentityLogs } from './logs/open-identity-logs.ts';
export type { FetchJson } from './token/issuer-keys.ts';
export { purgeExpiredSignIns } from './token/refresh-token-store.ts';
