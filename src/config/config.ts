// What an instance needs to know before it starts, as one frozen value. Nothing else in the program
// looks at flags, environment variables or the configuration file, and nothing changes afterwards.

/** Where the root key comes from. Exactly one; the key file is the default. */
export type SealChoice =
  | { readonly kind: 'key-file'; readonly path: string }
  | { readonly kind: 'passphrase'; readonly path: string }
  /** `read` and not a value, so that a printed Config never shows the key. */
  | { readonly kind: 'environment'; readonly variable: string; readonly read: () => string };

/** A PKCS#11 token, and where its PIN is. */
export interface HsmChoice {
  /** Path of the module, a shared library. */
  readonly module: string;
  /** The token's label. */
  readonly token: string;
  readonly pin:
    | { readonly kind: 'file'; readonly path: string }
    /** `read` and not a value, so that a printed Config never shows the PIN. */
    | { readonly kind: 'environment'; readonly read: () => string };
}

export interface AcmeChoice {
  readonly directory: string;
  /** Makes and removes DNS records; without it names are proven over plain http. */
  readonly dnsWebhook?: {
    readonly url: string;
    /** A function, so that a printed Config never shows it. */
    readonly readToken: () => string | undefined;
  };
}

/** The server that takes our mail. */
export interface SmtpChoice {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; otherwise by STARTTLS where the server has it. */
  readonly isTls: boolean;
  readonly from: string;
  /** Never sent but over TLS. `readPassword` and not a value, so that nothing prints it. */
  readonly signIn?: { readonly user: string; readonly readPassword: () => string };
}

/** Each with all before it. */
export const issuerReaches = ['public', 'private', 'loopback'] as const;
export type IssuerReach = (typeof issuerReaches)[number];

export interface Config {
  /** Absolute path of the directory that holds everything this instance keeps. */
  readonly dataDirectory: string;
  /**
   * Lower-case DNS name under which every host of this instance stands, for example `localhost`.
   */
  readonly domain: string;
  /** Address to listen on. */
  readonly host: string;
  /** 0: any free one, known only once the listener is open. */
  readonly port: number;
  /** For plain http, which carries the `pki` endpoint and nothing else. Absent: none is served. */
  readonly httpPort?: number;
  /** What issuers with the provider ACME use. Absent: they cannot issue. */
  readonly acme?: AcmeChoice;
  /** Where the issuers of federated credentials, whom callers name, may be asked for their keys. */
  readonly issuerReach: IssuerReach;
  /** What `serve` writes to standard output: a banner to read, or one JSON line when ready. */
  readonly output: 'text' | 'json';
  /** PEM files to serve instead of the certificates of the instance's own CA; both or neither. */
  readonly tlsCertFile?: string;
  readonly tlsKeyFile?: string;
  readonly seal: SealChoice;
  /** Absent: keys of HSM types are held in software. */
  readonly hsm?: HsmChoice;
  /** Absent: no mail is sent. */
  readonly smtp?: SmtpChoice;
  /** JSON file that names attestation services and their keys; absent: nothing is released. */
  readonly attestationFile?: string;
}

/** A setting was wrong. The message is one sentence for the person who typed it; exit code 2. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConfigError';
  }
}
