/** Reading codes from pictures: by the browser where it can, by a library where it can't. */
import decodeQR from 'qr/decode.js';

/** Chrome on Android and macOS have it; TypeScript does not know it. */
type Detector = { detect(source: HTMLCanvasElement): Promise<{ rawValue: string }[]> };
type DetectorClass = { new (options: { formats: string[] }): Detector; getSupportedFormats(): Promise<string[]> };

/** Finds a code in a canvas; null where there is none. */
export type Reader = (canvas: HTMLCanvasElement) => Promise<string | null>;

export const byLibrary: Reader = (canvas) => {
  const { width, height } = canvas;
  const picture = canvas.getContext('2d', { willReadFrequently: true })?.getImageData(0, 0, width, height);
  if (!picture) return Promise.resolve(null);
  try {
    return Promise.resolve(decodeQR({ width, height, data: picture.data }));
  } catch {
    // No code, or none that can be read from this picture; the next comes at once.
    return Promise.resolve(null);
  }
};

/** The best reader of this browser. */
export async function chooseReader(): Promise<Reader> {
  const Barcodes = (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector;
  try {
    if (!Barcodes || !(await Barcodes.getSupportedFormats()).includes('qr_code')) return byLibrary;
    const detector = new Barcodes({ formats: ['qr_code'] });
    return async (canvas) => {
      try {
        return (await detector.detect(canvas))[0]?.rawValue ?? null;
      } catch {
        // On some devices it is there and does not work.
        return byLibrary(canvas);
      }
    };
  } catch {
    return byLibrary;
  }
}
