import { Problem, problemOf } from '#shared/api/problem.ts';

/** As large as the server keeps it. */
const SIDE = 1600;
const QUALITY = 0.85;
/** A file up to this is sent as it is. */
const SMALL = 300 * 1024;
/** What the server takes. */
export const MAX_FILE = 12 * 1024 * 1024;

/** Where a photo is shown from. */
export function attachmentAddress(id: string): string {
  return `/api/v1/attachments/${id}`;
}

/**
 * A smaller photo where the browser can make one upright, the file itself where it can't: the server makes it small
 * anyway, this only saves the way there.
 */
export async function madeSmall(file: Blob): Promise<Blob> {
  if (file.size <= SMALL) return file;
  try {
    // Browsers too old to turn a photo as the camera was held refuse the option, which is told from what they would get wrong.
    const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
    const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    const small = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY));
    return small && small.size < file.size ? small : file;
  } catch {
    return file;
  }
}

type Sending = { form: string; person?: number; file: Blob; on: (part: number) => void; signal: AbortSignal; origin?: string };

/** Sends a photo and gives its id. XMLHttpRequest, because `fetch` does not tell how much is sent. */
export function sendPhoto({ form, person, file, on, signal, origin = location.origin }: Sending): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const query = `form=${encodeURIComponent(form)}${person === undefined ? '' : `&person=${person}`}`;
    request.open('POST', `${origin}/api/v1/attachments?${query}`);
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.setRequestHeader('X-Requested-With', 'rollcall');
    request.upload.addEventListener('progress', (event) => {
      if (event.lengthComputable) on(event.loaded / Math.max(event.total, 1));
    });
    request.addEventListener('load', () => {
      const body = parsed(request.responseText);
      const id = (body as { id?: unknown } | undefined)?.id;
      if (request.status === 201 && typeof id === 'string') resolve(id);
      else reject(problemOf(new Response(null, { status: request.status >= 400 ? request.status : 500 }), body));
    });
    request.addEventListener('error', () => reject(new Problem('offline')));
    request.addEventListener('abort', () => reject(new Problem('offline')));
    signal.addEventListener('abort', () => request.abort());
    request.send(file);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
