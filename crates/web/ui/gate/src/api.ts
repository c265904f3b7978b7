/** What a device asks the server. It has a token of its own and no session. */
import { answer, createApi } from '#shared/api/client.ts';
import type { components } from '#shared/api/schema.d.ts';
import type { Direction, Guide } from './decide/decide.ts';
import type { Carried, Device } from './keep/shelf.ts';

export type Decision = components['schemas']['GateDecision'];
export type Recent = components['schemas']['GateRecent'];

/** Milliseconds after which a device decides by itself: nobody waits longer at a gate. */
const PATIENCE = 1500;

const api = createApi({ signedOut: () => undefined });
const hasty = createApi({ signedOut: () => undefined, timeout: PATIENCE });
const by = (device: Device) => ({ Authorization: `Bearer ${device.token}` });

/** Becomes the device that the code of the gates' page is for. */
export function pair(code: string): Promise<Device> {
  return answer(api.POST('/api/v1/gate/pairing', { headers: { Authorization: `Pairing ${code}` } }));
}

export function fetchGuide(device: Device): Promise<Guide> {
  return answer(api.GET('/api/v1/gate/guide', { headers: by(device) }));
}

/** Ten minutes of codes for this gate to show. */
export function fetchShown(device: Device, direction: Direction): Promise<components['schemas']['GateShownCodes']> {
  return answer(api.GET('/api/v1/gate/codes', { headers: by(device), params: { query: { direction } } }));
}

/** What became of those who scanned what this gate shows, after the one of this number. */
export async function fetchRecent(device: Device, after: number): Promise<Recent[]> {
  return (await answer(hasty.GET('/api/v1/gate/recent', { headers: by(device), params: { query: { after } } }))).items;
}

export function scan(device: Device, body: { id: string; code: string; direction: Direction }): Promise<Decision> {
  return answer(hasty.POST('/api/v1/gate/scans', { headers: by(device), body }));
}

export async function carry(device: Device, passages: Carried[]): Promise<void> {
  await answer(api.POST('/api/v1/gate/passages', { headers: by(device), body: { passages } }));
}

/** A photo as an address of its own, since pictures can't be asked for with a token; null where there is none to be had. */
export async function fetchPhoto(device: Device, path: string): Promise<string | null> {
  try {
    const response = await fetch(path, { headers: by(device), credentials: 'omit' });
    if (!response.ok) return null;
    const picture = await response.blob();
    return await new Promise((resolve) => {
      const reader = new FileReader();
      reader.addEventListener('load', () => resolve(typeof reader.result === 'string' ? reader.result : null));
      reader.addEventListener('error', () => resolve(null));
      reader.readAsDataURL(picture);
    });
  } catch {
    return null;
  }
}
