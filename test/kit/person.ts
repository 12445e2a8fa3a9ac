// A person of a test instance: an account of the directory, and what he does in a real browser.

import { Secret, TOTP } from 'otpauth';
import type { Page } from 'playwright-core';
import { z } from '#kernel';
import type { Instance } from './instance.ts';

const STEP_MS = 30_000;
const CREATED = z.object({ id: z.guid() });

export class Person {
  readonly userName: string;
  readonly objectId: string;
  readonly password: string;
  #secret = '';
  #lastStep = 0;

  private constructor(userName: string, objectId: string, password: string) {
    this.userName = userName;
    this.objectId = objectId;
    this.password = password;
  }

  static async create({ owner, administrator }: Instance, name: string): Promise<Person> {
    const password = 'A-long-enough-1-password';
    const userPrincipalName = `${name}@${administrator.userPrincipalName.split('@')[1]}`;
    const answer = await owner.graph({
      method: 'POST',
      path: '/users',
      json: {
        accountEnabled: true,
        displayName: `${name} Example`,
        mailNickname: name,
        userPrincipalName,
        passwordProfile: { password, forceChangePasswordNextSignIn: false },
      },
    });
    const { id } = answer.expect(201).read(CREATED);
    return new Person(userPrincipalName, id, password);
  }

  /** On a page that asks for user name and password. */
  async signIn(page: Page): Promise<void> {
    await page.getByLabel('User name').fill(this.userName);
    await page.getByLabel('Password').fill(this.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  }

  /** Sets up an authenticator app, on the page of one's own sign-in. */
  async enrol(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Set up an app' }).click();
    await page.getByText('I cannot scan it').click();
    const shown = (await page.locator('details code').textContent()) ?? '';
    this.#secret = shown.replaceAll(' ', '');
    await this.enterCode(page, 'Confirm');
  }

  /** A code that was not used yet: the next one counts already. */
  async enterCode(page: Page, button = 'Go on'): Promise<void> {
    const generator = new TOTP({ secret: Secret.fromBase32(this.#secret) });
    const step = Math.max(generator.counter(), this.#lastStep + 1);
    this.#lastStep = step;
    await page
      .getByRole('textbox', { name: 'Code' })
      .fill(generator.generate({ timestamp: step * STEP_MS }));
    await page.getByRole('button', { name: button }).click();
  }
}
