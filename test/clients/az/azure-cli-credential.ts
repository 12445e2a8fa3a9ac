// A program of somebody who is signed in to `az`: it takes its token from there, and prints the id
// of the first subscription that it may see.
import { env, stdout } from 'node:process';
import { AzureCliCredential } from '@azure/identity';
import { z } from '#kernel';

const SUBSCRIPTIONS = z.object({ value: z.array(z.object({ subscriptionId: z.guid() })) });

const { RESOURCE = '', SUBSCRIPTIONS: address = '' } = env;
const { token } = await new AzureCliCredential().getToken(`${RESOURCE}/.default`);
const answer = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
const { value } = SUBSCRIPTIONS.parse(await answer.json());
stdout.write(value[0]?.subscriptionId ?? '');
