// The pages' scripts. Everything but passkeys works without them.

/** Sends on a form that only carries something to the client. */
export const formPostScript = `
const form = document.querySelector('form[data-submit-at-once]');
if (form) form.submit();
`;

/**
 * Passkeys. A form names what it wants in data-passkey ("get" or "create") and the options in
 * data-options; the answer goes back in its field "credential". Such forms are hidden without
 * script, and where the browser knows no passkeys.
 */
export const passkeyScript = `
const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const listed = (credentials) => (credentials ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

async function create(options) {
  const made = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: listed(options.excludeCredentials),
    },
  });
  return {
    clientDataJSON: text(made.response.clientDataJSON),
    attestationObject: text(made.response.attestationObject),
    transports: made.response.getTransports?.() ?? [],
    made,
  };
}

async function get(options) {
  const made = await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: listed(options.allowCredentials),
    },
  });
  const { clientDataJSON, authenticatorData, signature, userHandle } = made.response;
  return {
    clientDataJSON: text(clientDataJSON),
    authenticatorData: text(authenticatorData),
    signature: text(signature),
    userHandle: userHandle ? text(userHandle) : undefined,
    made,
  };
}

const forms = document.querySelectorAll('form[data-passkey]');
for (const form of window.PublicKeyCredential ? forms : []) {
  form.hidden = false;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const options = JSON.parse(form.dataset.options);
    const problem = form.querySelector('[data-problem]');
    try {
      const ask = form.dataset.passkey === 'create' ? create : get;
      const { made, ...response } = await ask(options);
      form.elements.credential.value = JSON.stringify({
        id: made.id,
        rawId: text(made.rawId),
        type: made.type,
        clientExtensionResults: {},
        response,
      });
      form.submit();
    } catch {
      problem.hidden = false;
    }
  });
}
`;
