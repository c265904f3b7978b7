import vue from '@vitejs/plugin-vue';
import { fileURLToPath } from 'node:url';
import type { UserConfig } from 'vite';

/**
 * What the apps build alike. `targets` are the oldest browsers an app must run on; scripts are
 * lowered to them here, and scripts/check-dist.mjs checks what came out.
 */
export function appConfig(app: 'h5' | 'admin' | 'gate', targets: string[]): UserConfig {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const server = 'http://127.0.0.1:8710';
  return {
    root: `${here}${app}`,
    base: `/${app}/`,
    plugins: [vue()],
    build: {
      outDir: `${here}dist/${app}`,
      emptyOutDir: true,
      target: targets,
      cssTarget: targets,
      // The content security policy lets nothing be inlined but images; keep files files.
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      // The charts alone are 510 kB, fetched after the figures.
      chunkSizeWarningLimit: 550,
    },
    server: { proxy: { '/api': server, '/auth': server } },
  };
}
