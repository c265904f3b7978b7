import { createI18n } from '#shared/i18n/index.ts';
import { zh } from './zh.ts';

/** The words of the gate's page. */
export const { t, locale, setLocale, restore } = createI18n(zh, async () => (await import('./en.ts')).en);
export type MessageKey = keyof typeof zh;

/** The message of a key made from the server's word; the word itself where we have no message for it. */
export function tOr(key: string, word: string): string {
  return key in zh ? t(key as MessageKey) : word;
}
