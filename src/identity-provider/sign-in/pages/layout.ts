// The frame of every page: head, heading, one card. Its headers forbid everything that a page of
// ours does not need: foreign content, inline script and style, frames, caches, referrers.
import type { Result } from '#kernel';
import { assetPath, type ScriptName } from '../assets/operations.ts';
import { type Html, html } from './html.ts';

export interface Page {
  readonly title: string;
  readonly content: Html;
  readonly status?: number;
  /** Where a form may lead beside our own host: the client's address. */
  readonly formAction?: string | undefined;
  readonly script?: ScriptName;
  readonly isWide?: boolean;
  readonly setCookie?: string | undefined;
  /** What went wrong, with its number, for programs that read the page. */
  readonly problem?: string | undefined;
  readonly audit?: Readonly<Record<string, unknown>>;
}

const DOCUMENT_TYPE = '<!DOCTYPE html>\n';

export function renderPage(page: Page): Result {
  const { status, setCookie, audit } = page;
  return {
    ...(status === undefined ? {} : { status }),
    ...(audit === undefined ? {} : { audit }),
    text: {
      contentType: 'text/html; charset=utf-8',
      content: DOCUMENT_TYPE + renderDocument(page).text,
    },
    headers: {
      'Cache-Control': 'no-store',
      'Content-Security-Policy': contentPolicy(page.formAction),
      'Referrer-Policy': 'no-referrer',
      'X-Frame-Options': 'DENY',
      'Permissions-Policy': 'publickey-credentials-get=(self), publickey-credentials-create=(self)',
      ...(setCookie === undefined ? {} : { 'Set-Cookie': setCookie }),
    },
  };
}

/** Browsers also hold redirects that follow a form to `form-action`, hence the client's address. */
function contentPolicy(formAction: string | undefined): string {
  return [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self'",
    `form-action 'self'${formAction === undefined ? '' : ` ${formAction}`}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');
}

function renderDocument({ title, content, script, problem, isWide }: Page): Html {
  return html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
${problem !== undefined && html`<meta name="problem" content="${problem}">`}
<title>${title} – Strongroom</title>
<link rel="icon" type="image/svg+xml" href="${assetPath('icon')}">
<link rel="stylesheet" href="${assetPath('style')}">
${script !== undefined && html`<script src="${assetPath(script)}" defer></script>`}
</head>
<body>
<main${isWide === true && html` class="wide"`}>
<p class="brand">${BRAND}<span>Strongroom</span></p>
${content}
</main>
</body>
</html>
`;
}

/** A strongroom's door. */
const BRAND = html`<svg viewBox="0 0 32 32" aria-hidden="true" focusable="false"><g fill="none"
stroke="currentColor" stroke-width="2.25" stroke-linecap="round"><rect x="3" y="3" width="26"
height="26" rx="6"/><circle cx="16" cy="16" r="6.5"/><path d="M16 9.5V6.5M16 25.5v-3M22.5 16h3M6.5
16h3M16 16l3-3"/></g></svg>`;
