// What is measured: an instance with a vault full of secrets, served the way a user serves it; and
// the requests to it, written out as bytes.

import type { Caller } from '#test/kit/caller.ts';
import { admitToSecrets, createApplication, createVault } from '#test/kit/estate.ts';
import { type Instance, type StartOptions, startInstance } from '#test/kit/instance.ts';
import type { Generator, Target } from './generator.ts';

const API_VERSION = '7.6';
const VALUE = 'x'.repeat(64);
const USER_AGENT =
  'azsdk-js-keyvault-secrets/4.12.0 core-rest-pipeline/1.22.1 Node/26 OS/(x64-Linux)';

interface Head {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly token?: string;
  readonly body?: { readonly type: string; readonly content: string };
}

/** A whole request, with the headers that Azure's JavaScript client sends. */
export function renderRequest({ method, path, host, token, body }: Head): string {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Accept: application/json',
    `User-Agent: ${USER_AGENT}`,
    'x-ms-client-request-id: 0d5c0a8f-5a5a-4a5e-9f43-7c1f0c5fe0a1',
    'Connection: keep-alive',
  ];
  if (token !== undefined) lines.push(`Authorization: Bearer ${token}`);
  if (body !== undefined) {
    lines.push(`Content-Type: ${body.type}`, `Content-Length: ${body.content.length}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n${body?.content ?? ''}`;
}

export class Subject {
  readonly instance: Instance;
  readonly vault: string;
  readonly reader: Caller;
  readonly #host: string;
  readonly #token: string;

  private constructor(
    instance: Instance,
    vault: string,
    access: { reader: Caller; token: string },
  ) {
    this.instance = instance;
    this.vault = vault;
    this.reader = access.reader;
    this.#host = new URL(instance.vaultUrl(vault)).host;
    this.#token = access.token;
  }

  static async start(options: StartOptions): Promise<Subject> {
    const instance = await startInstance(options);
    const vault = await createVault(instance.owner, { model: 'rbac' });
    const reader = await createApplication(instance.owner, 'bench');
    await admitToSecrets(instance.owner, reader, { name: vault, model: 'rbac' });
    return new Subject(instance, vault, { reader, token: await reader.vaultToken() });
  }

  get vaultTarget(): Target {
    return this.#target(new URL(this.instance.vaultUrl(this.vault)).hostname);
  }

  get loginTarget(): Target {
    return this.#target(new URL(this.instance.login).hostname);
  }

  get(name: string, token = this.#token): string {
    const path = `/secrets/${name}/?api-version=${API_VERSION}`;
    return renderRequest({ method: 'GET', path, host: this.#host, token });
  }

  list(): string {
    const path = `/secrets?api-version=${API_VERSION}&maxresults=25`;
    return renderRequest({ method: 'GET', path, host: this.#host, token: this.#token });
  }

  put(name: string): string {
    return renderRequest({
      method: 'PUT',
      path: `/secrets/${name}?api-version=${API_VERSION}`,
      host: this.#host,
      token: this.#token,
      body: { type: 'application/json', content: JSON.stringify({ value: VALUE }) },
    });
  }

  issueToken(): string {
    const { clientId, clientSecret } = this.reader.credentials;
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      scope: `https://${this.instance.vaultSuffix.slice(1)}/.default`,
    });
    return renderRequest({
      method: 'POST',
      path: `/${this.instance.tenantId}/oauth2/v2.0/token`,
      host: new URL(this.instance.login).host,
      body: { type: 'application/x-www-form-urlencoded', content: form.toString() },
    });
  }

  /** Sets secrets until there are `count`, named by `secretName`, beginning with number `from`. */
  async fill(generator: Generator, from: number, count: number): Promise<void> {
    const batch = 10_000;
    for (let start = from; start < count; start += batch) {
      const size = Math.min(batch, count - start);
      const requests = Array.from({ length: size }, (_, index) =>
        this.put(secretName(start + index)),
      );
      await generator.load({
        ...this.vaultTarget,
        connections: 64,
        requests,
        durationMs: 600_000,
        // Connections take the next request or end; each request goes out once.
        count: size,
      });
    }
  }

  #target(servername: string): Target {
    const { port, caFile, child } = this.instance;
    return { port, caFile, servername, pid: child.pid };
  }
}

export function secretName(number: number): string {
  return `secret-${String(number).padStart(6, '0')}`;
}
