import { computed, shallowRef, type ComputedRef } from 'vue';
import { browserNotes } from '../storage.ts';

export type Locale = 'zh-CN' | 'en';
export type Messages = Readonly<Record<string, string>>;
/** Says a message with its `{names}` filled in. */
export type Say<Key extends string> = (key: Key, values?: Record<string, string | number>) => string;

const PLACE = 'rollcall.locale';

/**
 * The words of one app. Chinese is in the first load; English comes when somebody asks for it. Keys
 * are checked by the compiler: a message that one language lacks does not build.
 */
export function createI18n<Zh extends Messages>(zh: Zh, loadEn: () => Promise<Record<keyof Zh & string, string>>) {
  const locale = shallowRef<Locale>('zh-CN');
  const words = shallowRef<Record<keyof Zh & string, string>>(zh);

  const t: Say<keyof Zh & string> = (key, values) => fill(words.value[key], values);

  async function setLocale(next: Locale): Promise<void> {
    words.value = next === 'en' ? await loadEn() : zh;
    locale.value = next;
    document.documentElement.lang = next;
    browserNotes.write(PLACE, next);
  }

  const readonlyLocale: ComputedRef<Locale> = computed(() => locale.value);

  return {
    t,
    locale: readonlyLocale,
    setLocale,
    /** Takes up the language this browser chose before; resolves when its words are there. */
    restore: () => (browserNotes.read(PLACE) === 'en' ? setLocale('en') : Promise.resolve()),
  };
}

/** Puts values into the `{names}` of a message; a name without a value stays visible. */
export function fill(message: string, values: Record<string, string | number> = {}): string {
  return message.replace(/\{(\w+)\}/g, (name, key: string) => String(values[key] ?? name));
}
