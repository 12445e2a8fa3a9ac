// Every operation row of every plane, as they are served: only to be read, not to be called.
import { type RowFacts, readPlanes } from '../../tools/planes.ts';

export interface Row extends RowFacts {
  readonly plane: string;
}

export async function loadRows(): Promise<readonly Row[]> {
  const planes = await readPlanes();
  return planes.flatMap(({ name, rows }) => rows.map((row) => ({ ...row, plane: name })));
}
