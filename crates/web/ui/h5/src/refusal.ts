import { tOr } from './locale/index.ts';

/** Why a gate did not let somebody through, in their language; the server's sentence where it says something this page does not know. */
export function refusalOf({ reason, message }: { reason?: string | null; message?: string | null }): string {
  return tOr(`refusal.${reason ?? ''}`, message ?? '');
}
