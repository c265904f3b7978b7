import { shallowRef } from 'vue';

/** What a screen reader is told next; App.vue has the live region. */
export const announcement = shallowRef('');

/** Says something to those who cannot see it happen. The same words twice are said twice. */
export function announce(words: string): void {
  announcement.value = announcement.value === words ? `${words}\u00a0` : words;
}
