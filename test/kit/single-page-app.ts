// A page on loopback that signs in with msal-browser and says in `data-said` what came of it.
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';

const MSAL = new URL('../lib/msal-browser.min.js', import.meta.resolve('@azure/msal-browser'));

export interface Settings {
  readonly clientId: string;
  readonly authority: string;
  readonly scope: string;
}

export class SinglePageApp {
  readonly #server: Server;
  readonly #script = readFileSync(MSAL, 'utf8');
  #page = '';

  private constructor() {
    this.#server = createServer(({ url }, response) => {
      const [type, content] =
        url === '/msal.js' ? ['text/javascript', this.#script] : ['text/html', this.#page];
      response.writeHead(200, { 'Content-Type': type }).end(content);
    });
  }

  static async open(): Promise<SinglePageApp> {
    const app = new SinglePageApp();
    await new Promise<void>((resolve) => app.#server.listen(0, '127.0.0.1', resolve));
    return app;
  }

  /** Its redirect URI. */
  get address(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return `http://localhost:${address.port}/`;
  }

  serve(settings: Settings): void {
    this.#page = renderApp(settings);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

function renderApp(settings: Settings): string {
  return `<!DOCTYPE html><title>app</title><body><script src="/msal.js"></script><script>
const { clientId, authority, scope } = ${JSON.stringify(settings)};
const auth = { clientId, authority, knownAuthorities: [new URL(authority).host] };
const client = new msal.PublicClientApplication({ auth });
const say = (text) => { document.body.dataset.said = text; };
(async () => {
  await client.initialize();
  const answer = await client.handleRedirectPromise();
  if (!answer) return client.loginRedirect({ scopes: [scope] });
  const { account } = answer;
  const renewed = await client.acquireTokenSilent({ account, scopes: [scope], forceRefresh: true });
  say(JSON.stringify({ userName: account.username, token: renewed.accessToken }));
})().catch((error) => say(String(error)));
</script>`;
}
