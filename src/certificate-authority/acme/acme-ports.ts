// What ACME needs of the outside, handed in: this module reaches no network itself.
import type { Clock } from '#kernel';

export interface SentRequest {
  readonly url: string;
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ReceivedAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** https only, no redirects, bounded in time and size. Throws when there is no answer. */
export type SendRequest = (request: SentRequest) => Promise<ReceivedAnswer>;

export interface AcmePorts {
  readonly clock: Clock;
  readonly send: SendRequest;
  /** Chosen by the operator: whoever may make issuers must not choose whom the server calls. */
  readonly directory: string;
  /** Told of DNS records to make and to take away; absent: names are proven over http. */
  readonly dnsWebhook?: DnsWebhook;
}

export interface DnsWebhook {
  readonly url: string;
  /** Sent as a bearer token. */
  readonly token?: string;
}
