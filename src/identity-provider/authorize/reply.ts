// The way back to the client: by a redirect or by a form that the browser posts. What it carries is
// for the client alone, so nothing of it is kept by anyone on the way.
import { ApiError, type ErrorDefinition, type RawRequest, type Result } from '#kernel';
import { describeError } from '../oauth-wire.ts';
import { PageError } from '../sign-in/page-error.ts';
import { html } from '../sign-in/pages/html.ts';
import { renderPage } from '../sign-in/pages/layout.ts';
import type { ReplyAddress } from './authorize-request.ts';
import { formActionSource } from './redirect-uri.ts';

type Values = Readonly<Record<string, string | undefined>>;

export function renderReply(reply: ReplyAddress, values: Values): Result {
  const all: Values = { ...values, state: reply.state };
  const present = Object.entries(all).filter((entry): entry is [string, string] => {
    return entry[1] !== undefined;
  });
  if (reply.responseMode === 'form_post') return renderFormPost(reply.redirectUri, present);
  const encoded = new URLSearchParams(present).toString();
  const separator = reply.responseMode === 'fragment' ? '#' : querySeparator(reply.redirectUri);
  return {
    status: 302,
    headers: {
      Location: `${reply.redirectUri}${separator}${encoded}`,
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
    },
  };
}

/** Tells the client what is wrong, in the words of the catalogue. */
export function replyError(
  reply: ReplyAddress,
  error: ApiError,
  input: { readonly request: RawRequest; readonly nowMs: number },
): PageError {
  const { description } = describeError(error, input.request, input.nowMs);
  const { code } = error.definition;
  // By this MSAL knows that it was the person who said no.
  const subcode = code === 'access_denied' ? { error_subcode: 'cancel' } : {};
  const values = { error: code, ...subcode, error_description: description };
  return new PageError(error, renderReply(reply, values));
}

export function replyRefusal(
  reply: ReplyAddress,
  definition: ErrorDefinition,
  input: {
    readonly request: RawRequest;
    readonly nowMs: number;
    readonly args: Readonly<Record<string, string>>;
  },
): PageError {
  return replyError(reply, new ApiError(definition, input.args), input);
}

function querySeparator(redirectUri: string): string {
  return redirectUri.includes('?') ? '&' : '?';
}

function renderFormPost(
  redirectUri: string,
  values: readonly (readonly [string, string])[],
): Result {
  const fields = values.map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
  return renderPage({
    title: 'Signed in',
    formAction: formActionSource(redirectUri),
    script: 'form-post',
    content: html`
      <h1>Back to the application</h1>
      <p>If nothing happens by itself, go on here.</p>
      <form method="post" action="${redirectUri}" data-submit-at-once>
        ${fields}
        <button class="primary" type="submit">Continue</button>
      </form>`,
  });
}
