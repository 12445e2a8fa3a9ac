// Stylesheet and scripts of the pages, served from memory under names that change with their
// content, so that browsers may keep them for good.
import { createHash } from 'node:crypto';
import { oauthErrors } from '#errors';
import { ApiError, type Operation, operation, z } from '#kernel';
import type { LoginTarget } from '../../login-context.ts';
import { icon } from './icon.ts';
import { formPostScript, passkeyScript } from './scripts.ts';
import { style } from './style.ts';

const CSS = 'text/css; charset=utf-8';
const JAVASCRIPT = 'text/javascript; charset=utf-8';

interface Asset {
  readonly file: string;
  readonly contentType: string;
  readonly content: string;
}

const assets = {
  style: asset('style', 'css', { contentType: CSS, content: style }),
  'form-post': asset('form-post', 'js', { contentType: JAVASCRIPT, content: formPostScript }),
  icon: asset('icon', 'svg', { contentType: 'image/svg+xml', content: icon }),
  passkey: asset('passkey', 'js', { contentType: JAVASCRIPT, content: passkeyScript }),
} as const;

export type AssetName = keyof typeof assets;
export type ScriptName = Exclude<AssetName, 'style' | 'icon'>;

const byFile = new Map<string, Asset>(Object.values(assets).map((one) => [one.file, one]));

export function assetPath(name: AssetName): string {
  return `/sign-in/assets/${assets[name].file}`;
}

export function assetOperations(): readonly Operation<LoginTarget>[] {
  return [
    operation({
      id: 'SignInAsset',
      method: 'GET',
      path: '/sign-in/assets/{file}',
      versions: { required: false, accepts: () => true },
      access: { kind: 'anonymous' },
      audit: 'SignInAssetRead',
      success: 200,
      errors: [oauthErrors.unknownPath],
      params: z.object({ file: z.string().max(128) }),
      handle: ({ params }) => {
        const found = byFile.get(params.file);
        if (found === undefined) throw new ApiError(oauthErrors.unknownPath);
        const { contentType, content } = found;
        return {
          text: { contentType, content },
          headers: { 'Cache-Control': 'public, max-age=31536000, immutable' },
        };
      },
    }),
  ];
}

function asset(name: string, extension: string, made: Omit<Asset, 'file'>): Asset {
  const digest = createHash('sha256').update(made.content).digest('hex').slice(0, 16);
  return { file: `${name}.${digest}.${extension}`, ...made };
}
