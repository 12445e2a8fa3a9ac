// A caller of Microsoft Graph in a tenant in memory: for the tests of this folder.
import assert from 'node:assert/strict';
import { addRoleMember } from '#directory';
import { newGuid, z } from '#kernel';
import { automationHeader, openTenant, type Tenant, type TestAnswer } from '#test/kit/tenant.ts';

const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
const objectSchema = z.looseObject({ id: z.string() });
const applicationSchema = z.looseObject({ id: z.string(), appId: z.string() });

export interface GraphAnswer extends TestAnswer {
  /** Status and code of an error; `undefined` for a success. */
  readonly refusal: readonly [number, string] | undefined;
  /** Items of a list. */
  readonly items: readonly z.infer<typeof objectSchema>[];
}

export interface Registered {
  readonly id: string;
  readonly appId: string;
  readonly principalId: string;
  readonly clientSecret: string;
  /** Calls Graph as this application. */
  readonly caller: GraphCaller;
}

export class GraphCaller {
  readonly tenant: Tenant;
  /** Object id of the caller. */
  readonly objectId: string;
  readonly #header: string;

  constructor(tenant: Tenant, objectId: string, header: string) {
    this.tenant = tenant;
    this.objectId = objectId;
    this.#header = header;
  }

  /** The automation application of a new tenant: a Global Administrator. */
  static async administrator(): Promise<GraphCaller> {
    const tenant = await openTenant();
    const header = await automationHeader(tenant, tenant.urls.graph);
    return new GraphCaller(tenant, tenant.made.automation.objectId, header);
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<GraphAnswer> {
    return this.#send({ url: this.#url(path), headers });
  }

  post(path: string, json: unknown = {}): Promise<GraphAnswer> {
    return this.#send({ url: this.#url(path), method: 'POST', json });
  }

  patch(path: string, json: unknown): Promise<GraphAnswer> {
    return this.#send({ url: this.#url(path), method: 'PATCH', json });
  }

  delete(path: string): Promise<GraphAnswer> {
    return this.#send({ url: this.#url(path), method: 'DELETE' });
  }

  /** Throws unless it was created. */
  async create(path: string, json: unknown): Promise<z.infer<typeof objectSchema>> {
    const answer = await this.post(path, json);
    assert.equal(answer.status, 201, answer.text);
    return objectSchema.parse(answer.body);
  }

  async createApplication(displayName: string, more: object = {}) {
    return applicationSchema.parse(await this.create('/applications', { displayName, ...more }));
  }

  /** Object id of the new service principal. */
  async createPrincipal(appId: string): Promise<string> {
    return (await this.create('/servicePrincipals', { appId })).id;
  }

  /** An application with a service principal that holds these directory roles, signed in. */
  async register(displayName: string, ...roles: readonly string[]): Promise<Registered> {
    const { id, appId } = await this.createApplication(displayName);
    const principalId = await this.createPrincipal(appId);
    for (const role of roles) await addRoleMember(this.tenant.view, role, principalId);
    const added = await this.post(`/applications/${id}/addPassword`);
    const clientSecret = z.string().parse(added.body.secretText);
    const automation = { objectId: principalId, clientId: appId, clientSecret };
    const made = { ...this.tenant.made, automation };
    const header = await automationHeader({ ...this.tenant, made }, this.tenant.urls.graph);
    const caller = new GraphCaller(this.tenant, principalId, header);
    return { id, appId, principalId, clientSecret, caller };
  }

  async createUser(name: string, more: object = {}): Promise<string> {
    const user = await this.create('/users', {
      accountEnabled: true,
      displayName: name,
      mailNickname: name,
      userPrincipalName: `${name}@test.localhost`,
      passwordProfile: { password: PASSWORD, forceChangePasswordNextSignIn: false },
      ...more,
    });
    return user.id;
  }

  /** A new user who holds these directory roles, signed in with his password. */
  async person(name: string, ...roles: readonly string[]): Promise<GraphCaller> {
    const id = await this.createUser(name);
    for (const role of roles) await addRoleMember(this.tenant.view, role, id);
    return this.signInAs(id, `${name}@test.localhost`);
  }

  async signInAs(id: string, username: string, password = PASSWORD): Promise<GraphCaller> {
    const { tenant } = this;
    const answer = await tenant.call({
      url: `${tenant.urls.login}/${tenant.tenantId}/oauth2/v2.0/token`,
      form: {
        grant_type: 'password',
        client_id: AZURE_CLI,
        username,
        password,
        scope: `${tenant.urls.graph}/.default`,
      },
    });
    assert.equal(answer.status, 200, answer.text);
    return new GraphCaller(tenant, id, `Bearer ${answer.body.access_token}`);
  }

  async createGroup(displayName: string, more: object = {}): Promise<string> {
    const mailNickname = `g${newGuid().slice(0, 8)}`;
    const plain = { displayName, mailNickname, mailEnabled: false, securityEnabled: true };
    return (await this.create('/groups', { ...plain, ...more })).id;
  }

  /** The body that links an object. */
  reference(id: string): { readonly '@odata.id': string } {
    return { '@odata.id': this.#url(`/directoryObjects/${id}`) };
  }

  #url(path: string): string {
    return path.startsWith('https:') ? path : `${this.tenant.urls.graph}/v1.0${path}`;
  }

  async #send(request: Parameters<Tenant['call']>[0]): Promise<GraphAnswer> {
    const headers = { ...request.headers, authorization: this.#header };
    const answer = await this.tenant.call({ ...request, headers });
    const error = errorSchema.safeParse(answer.body);
    const items = z.array(objectSchema).safeParse(answer.body.value);
    return {
      ...answer,
      refusal: error.success ? [answer.status, error.data.error.code] : undefined,
      items: items.data ?? [],
    };
  }
}

export const PASSWORD = 'Correct-Horse-7';
const AZURE_CLI = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
