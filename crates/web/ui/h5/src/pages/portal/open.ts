import { shallowRef } from 'vue';
import { answer } from '#shared/api/client.ts';
import { asProblem, type Problem } from '#shared/api/problem.ts';
import { api } from '../../api.ts';

/** Opens entries: each is counted first, then left for. The address is the server's, and never one of this page's own. */
export function useOpening(leave: (address: string) => void = (address) => location.assign(address)) {
  /** The entry that is being opened. */
  const opening = shallowRef<number | null>(null);
  const problem = shallowRef<Problem | null>(null);

  async function open(id: number): Promise<boolean> {
    if (opening.value !== null) return false;
    opening.value = id;
    problem.value = null;
    try {
      const { address } = await answer(api.POST('/api/v1/portal/{id}/passes', { params: { path: { id } } }));
      if (!address.startsWith('https://')) throw new Error('no address to open');
      leave(address);
      return true;
    } catch (error) {
      problem.value = asProblem(error);
      return false;
    } finally {
      opening.value = null;
    }
  }
  return { opening, problem, open };
}
