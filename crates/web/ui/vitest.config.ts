import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [vue()],
  test: {
    include: ['{shared,h5,admin,gate}/src/**/*.test.ts'],
    // Both ship styles beside their scripts, which only Vite can import.
    server: { deps: { inline: ['vant', 'element-plus'] } },
    css: false,
    restoreMocks: true,
  },
});
