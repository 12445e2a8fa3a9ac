// What went wrong, where nothing else can be shown and nobody else can be told.
import type { ApiError, RawRequest, Result } from '#kernel';
import { correlationId, describeError } from '../../oauth-wire.ts';
import { html } from './html.ts';
import { renderPage } from './layout.ts';

/** Whether errors at this address are shown to a person rather than answered to a program. */
export function isPagePath(path: string): boolean {
  return PAGES.test(path);
}

const PAGES =
  /^\/+(sign-in(\/.*)?|sign-out|security-info(\/.*)?|devicelogin|[^/]+\/oauth2\/+(v2\.0\/)?(authorize|logout|deviceauth|nativeclient))\/*$/i;

export function renderErrorPage(error: ApiError, request: RawRequest, nowMs: number): Result {
  const { inner = '' } = error.definition;
  const { description } = describeError(error, request, nowMs);
  return renderPage({
    title: 'That did not work',
    status: error.status,
    problem: description.split('\r\n')[0],
    content: html`<h1>That did not work</h1>
<p>${error.message}</p>
<details><summary>Details</summary>
<p class="soft">${inner === '' ? error.definition.code : inner}<br>
Request <code>${request.id}</code><br>
Correlation <code>${correlationId(request)}</code><br>
${new Date(nowMs).toISOString()}</p></details>`,
  });
}
