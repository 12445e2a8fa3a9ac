// The body of every restore: `{"value": "<backup blob>"}`.
import { type Schema, z } from '#kernel';

export const restoreSchema: Schema<{ readonly value: string }> = z.object({ value: z.string() });
