// Pages on which a person lets in a program that has no browser of its own.
import type { Result } from '#kernel';
import { field, flowField, problemNote } from './forms.ts';
import { html } from './html.ts';
import { renderPage } from './layout.ts';
import { type FlowPage, frame } from './sign-in-page.ts';

export function renderEnterCode(
  page: FlowPage & { readonly userCode: string | undefined },
): Result {
  const { sealed, problem, userCode } = page;
  return renderPage({
    ...frame(page),
    title: 'Enter code',
    content: html`<h1>Enter code</h1>
<p class="lead">Enter the code that the program or device shows. Do not enter one that somebody sent
you.</p>
${problemNote(problem?.text)}
<form method="post" action="/sign-in/device">${flowField(sealed)}
${field({
  name: 'userCode',
  label: 'Code',
  value: userCode,
  autocomplete: 'off',
  className: 'user-code',
  lengthMax: 16,
  isFocused: true,
  problem: problem?.text,
})}
<button class="primary" type="submit">Next</button></form>`,
  });
}

export function renderDeviceConfirmation(
  page: FlowPage & { readonly userName: string; readonly clientAddress: string },
): Result {
  const { sealed, application = 'an application', userName, clientAddress } = page;
  return renderPage({
    ...frame(page),
    title: 'Let it sign in?',
    content: html`<h1>Let it sign in?</h1>
<p class="who">${userName}</p>
<p><strong>${application}</strong> at <code>${clientAddress}</code> will be signed in as you.</p>
<p class="soft">Go on only if you have just started this yourself.</p>
<form method="post" action="/sign-in/device/confirm">${flowField(sealed)}
<div class="buttons">
<button type="submit" name="answer" value="no">Cancel</button>
<button class="primary" type="submit" name="answer" value="yes">Continue</button>
</div></form>`,
  });
}

export function renderDeviceDone(
  isLetIn: boolean,
  audit: Readonly<Record<string, unknown>>,
): Result {
  return renderPage({
    title: isLetIn ? 'Signed in' : 'Cancelled',
    audit,
    content: html`<h1>${isLetIn ? 'Signed in' : 'Cancelled'}</h1>
<p class="lead">${isLetIn ? 'Go back to the program.' : 'Nothing was signed in.'} You may close this
window.</p>`,
  });
}
