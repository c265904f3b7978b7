import { inWecom, wecomPlace, type WecomPlace } from '../../wecom.ts';

/** Where the phone says it is, as an answer. */
export type Claim = { latitude: number; longitude: number; accuracy: number; source: 'browser' | 'wecom'; at: string };

/** Why there is none: this browser has none, the person said no, or it can't be found out here. */
export type Refused = 'missing' | 'denied' | 'unknown';

const PATIENCE = 15_000;
/** Two digits of a degree are about a kilometre. */
const COARSE = 100;

/** What can be asked where the phone is. */
export type Sources = { wecom: (() => Promise<WecomPlace>) | null; browser: Geolocation | null };

const sources = (): Sources => ({ wecom: inWecom() ? wecomPlace : null, browser: navigator.geolocation ?? null });

/** Asks 企业微信's client where there is one, else or if that fails the browser; either asks the person. Not precise, the place leaves the phone rounded. */
export async function askLocation(precise: boolean, { wecom, browser }: Sources = sources()): Promise<Claim | Refused> {
  const claim = ({ latitude, longitude, accuracy }: WecomPlace, source: Claim['source'], at: number): Claim => {
    const kept = (degrees: number) => (precise ? degrees : Math.round(degrees * COARSE) / COARSE);
    return { latitude: kept(latitude), longitude: kept(longitude), accuracy: Math.min(Math.round(accuracy), 1_000_000), source, at: new Date(at).toISOString() };
  };
  if (wecom) {
    const place = await within(PATIENCE, wecom()).catch(() => null);
    if (place && [place.latitude, place.longitude, place.accuracy].every(Number.isFinite)) return claim(place, 'wecom', Date.now());
  }
  if (!browser) return wecom ? 'unknown' : 'missing';
  return new Promise((resolve) => {
    browser.getCurrentPosition(
      ({ coords, timestamp }) => resolve(claim(coords, 'browser', timestamp)),
      (error) => resolve(error.code === error.PERMISSION_DENIED ? 'denied' : 'unknown'),
      { enableHighAccuracy: precise, timeout: PATIENCE, maximumAge: 60_000 },
    );
  });
}

function within<Value>(milliseconds: number, asked: Promise<Value>): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), milliseconds);
  });
  return Promise.race([asked, late]).finally(() => clearTimeout(timer));
}
