import type { SyncRun } from '#shared/api/types.ts';
import type { Format } from '#shared/format/index.ts';

/** How long a run took, null while it runs. */
export function took(run: Pick<SyncRun, 'started_at' | 'finished_at'>, format: Format): string | null {
  if (!run.finished_at) return null;
  return format.duration(Math.max(0, Date.parse(run.finished_at) - Date.parse(run.started_at)));
}
