/** Sentences about where somebody is signed in, shared by both apps. */
import type { MySession } from './api/types.ts';
import type { Say } from './i18n/index.ts';
import type { zh } from './i18n/zh.ts';

/** What a session is recognised by: `企业微信 · Android`. */
export function deviceName({ browser, system }: Pick<MySession, 'browser' | 'system'>, t: Say<keyof typeof zh>): string {
  return `${t(`sessions.browser.${browser}`)} · ${t(`sessions.system.${system}`)}`;
}
