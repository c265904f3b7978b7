import { shallowRef, type ShallowRef } from 'vue';
import { loadRegions, type Regions } from './regions.ts';

/** The names of regions, null until they are here; `load` asks for them, `failed` says that they did not come. */
export function useRegions(): { regions: Readonly<ShallowRef<Regions | null>>; failed: Readonly<ShallowRef<boolean>>; load: () => Promise<void> } {
  const regions = shallowRef<Regions | null>(null);
  const failed = shallowRef(false);
  async function load() {
    failed.value = false;
    try {
      regions.value = await loadRegions();
    } catch {
      failed.value = true;
    }
  }
  return { regions, failed, load };
}
