// A browser without JavaScript for tests of the sign-in pages: keeps cookies, finds the forms of a
// page and sends them as a person would. It follows no redirect: tests look at each.
import type { Instance } from './instance.ts';
import type { Tenant } from './tenant.ts';

export interface ShownPage {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface BrowserRequest {
  readonly url: string;
  readonly form?: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a browser is given to reach a server with. */
export interface Network<Shown extends ShownPage> {
  readonly login: string;
  send(request: BrowserRequest): Promise<Shown>;
}

export function tenantNetwork(tenant: Tenant, clientAddress = '127.0.0.1') {
  return {
    login: tenant.urls.login,
    send: (request: BrowserRequest) => tenant.call({ ...request, clientAddress }),
  };
}

/** A served instance, over TLS. */
export function instanceNetwork({ wire, login }: Instance, from?: string): Network<ShownPage> {
  return {
    login,
    send: async (request) => {
      const method = request.form === undefined ? 'GET' : 'POST';
      const { status, headers, text } = await wire.send({ ...request, method, from });
      const cookie = headers['set-cookie']?.[0];
      return {
        status,
        text,
        headers: {
          'Content-Type': headers['content-type'] ?? '',
          Location: headers.location ?? '',
          ...(cookie === undefined ? {} : { 'Set-Cookie': cookie }),
        },
      };
    },
  };
}

export interface PageForm {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}

export class FormBrowser<Shown extends ShownPage = ShownPage> {
  readonly cookies = new Map<string, string>();
  readonly #network: Network<Shown>;
  #page: Shown | undefined;

  constructor(network: Network<Shown>) {
    this.#network = network;
  }

  /** What it shows. */
  get page(): Shown {
    if (this.#page === undefined) throw new Error('the browser shows nothing yet');
    return this.#page;
  }

  /** `address`: whole, or a path of the login host. */
  open(address: string, headers: Readonly<Record<string, string>> = {}): Promise<Shown> {
    return this.#send({ url: this.#url(address), headers: { ...this.#headers(), ...headers } });
  }

  /** Sends the page's form for `action`, with these values filled in. */
  submit(action: string, values: Readonly<Record<string, string>> = {}): Promise<Shown> {
    const form = this.forms().find((one) => one.action === action);
    if (form === undefined) throw new Error(`no form for ${action} on: ${this.page.text}`);
    return this.post(action, { ...form.fields, ...values });
  }

  post(
    action: string,
    form: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Shown> {
    const all = { ...this.#headers(), 'sec-fetch-site': 'same-origin', ...headers };
    return this.#send({ url: this.#url(action), form, headers: all });
  }

  forms(): readonly PageForm[] {
    return [...this.page.text.matchAll(/<form[^>]*?action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/g)].map(
      ([, action = '', content = '']) => ({ action: readText(action), fields: fieldsOf(content) }),
    );
  }

  /** Copies of the cookies, as a thief would have them. */
  clone(): FormBrowser<Shown> {
    const copy = new FormBrowser(this.#network);
    for (const [name, value] of this.cookies) copy.cookies.set(name, value);
    copy.#page = this.#page;
    return copy;
  }

  async #send(request: BrowserRequest): Promise<Shown> {
    const answer = await this.#network.send(request);
    this.#keep(answer.headers['Set-Cookie']);
    this.#page = answer;
    return answer;
  }

  #keep(setCookie: string | undefined): void {
    if (setCookie === undefined) return;
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(setCookie) ?? [];
    if (value === '') this.cookies.delete(name);
    else this.cookies.set(name, value);
  }

  #headers(): Readonly<Record<string, string>> {
    if (this.cookies.size === 0) return {};
    return { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
  }

  #url(address: string): string {
    return address.startsWith('/') ? this.#network.login + address : address;
  }
}

/** Where the answer leads, and with what. */
export function redirected(answer: ShownPage): URL {
  if (answer.status !== 302) throw new Error(`no redirect but ${answer.status}: ${answer.text}`);
  return new URL(answer.headers.Location ?? '');
}

function fieldsOf(content: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [tag] of content.matchAll(/<input\s[^>]*>/g)) {
    const name = /\sname="([^"]*)"/.exec(tag)?.[1];
    if (name === undefined || /type="checkbox"/.test(tag)) continue;
    fields[name] = readText(/\svalue="([^"]*)"/.exec(tag)?.[1] ?? '');
  }
  return fields;
}

function readText(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
