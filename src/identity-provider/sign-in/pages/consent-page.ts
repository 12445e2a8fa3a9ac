// Asks a person whether an application may act in his name.
import type { Result } from '#kernel';
import { flowField } from './forms.ts';
import { html } from './html.ts';
import { renderPage } from './layout.ts';
import { type FlowPage, frame } from './sign-in-page.ts';

export function renderConsent(
  page: FlowPage & {
    readonly userName: string;
    readonly permissions: readonly string[];
    readonly mayConsentForAll: boolean;
    readonly mayAccept: boolean;
  },
): Result {
  const { sealed, application, userName, permissions } = page;
  const items = permissions.map((permission) => html`<li>${permission}</li>`);
  return renderPage({
    ...frame(page),
    title: 'Permissions requested',
    content: html`<h1>Permissions requested</h1>
<p class="who">${userName}</p>
<p><strong>${application ?? 'An application'}</strong> would like to:</p>
<ul class="scopes">${items}</ul>
${
  page.mayAccept
    ? html`<p class="soft">Accept only if you trust it. An administrator can take this back at any
time.</p>`
    : html`<p class="wrong" role="alert">Only an administrator can accept this. Ask one to sign in
here, or to grant it in the directory.</p>`
}
<form method="post" action="/sign-in/consent">${flowField(sealed)}
${
  page.mayConsentForAll &&
  html`<div class="check"><input type="checkbox" id="everyone" name="everyone" value="yes">
<label for="everyone">For everyone in the organization</label></div>`
}
<div class="buttons">
<button type="submit" name="answer" value="no">Cancel</button>
${
  page.mayAccept &&
  html`<button class="primary" type="submit" name="answer" value="yes">Accept</button>`
}
</div></form>`,
  });
}
