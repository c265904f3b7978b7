import { createSession } from '#shared/session.ts';
import { api } from './api.ts';
import { locale } from './locale/index.ts';

/** Who uses the app. */
export const session = createSession(api, locale);
