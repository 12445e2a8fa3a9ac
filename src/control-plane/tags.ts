// Tags of ARM resources: at most 50, names to 512 characters (case-insensitive, some characters
// barred), values to 256.
import { resourceManagerErrors } from '#errors';
import { ApiError, z } from '#kernel';

export type Tags = Readonly<Record<string, string>>;

const TAGS_MAX = 50;
const NAME_CHARACTERS_MAX = 512;
const VALUE_CHARACTERS_MAX = 256;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses.
const NAME_FORBIDDEN = /[<>%&\\?/\u0000-\u001f\u007f]/;

/** `null` and absent are no tags. Values may come as numbers or booleans, as ARM lets them. */
export const tagsSchema = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
  .nullish();

/** Throws InvalidTags. */
export function parseTags(given: z.infer<typeof tagsSchema>): Tags {
  const entries = Object.entries(given ?? {});
  if (entries.length > TAGS_MAX) {
    throw invalid(`A resource can have at most ${TAGS_MAX} tags.`);
  }
  const seen = new Set<string>();
  for (const [name, value] of entries) {
    if (name === '' || name.length > NAME_CHARACTERS_MAX || NAME_FORBIDDEN.test(name)) {
      throw invalid(`The tag name '${name.slice(0, 64)}' is not valid.`);
    }
    if (seen.has(name.toLowerCase())) {
      throw invalid(`The tag name '${name.slice(0, 64)}' is given more than once.`);
    }
    if (String(value ?? '').length > VALUE_CHARACTERS_MAX) {
      throw invalid(`A tag value can have at most ${VALUE_CHARACTERS_MAX} characters.`);
    }
    seen.add(name.toLowerCase());
  }
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value ?? '')]));
}

function invalid(detail: string): ApiError {
  return new ApiError(resourceManagerErrors.tagsInvalid, { detail });
}
