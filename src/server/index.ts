export { type Background, type BackgroundOptions, type Job, startJobs } from './background.ts';
export { jsonFetcher } from './fetch-json.ts';
export {
  bindListener,
  bindPlainListener,
  defaultLimits,
  type Limits,
  type Listener,
  type TlsMaterial,
} from './listener.ts';
export {
  type Answer,
  type HostHandler,
  type PipelineOptions,
  servePlane,
} from './pipeline.ts';
export { logError, untilAskedToStop } from './process-edges.ts';
export { type Match, type PathParams, Router } from './router.ts';
export { sendHttps } from './send-https.ts';
export { smtpMailer } from './smtp-mailer.ts';
