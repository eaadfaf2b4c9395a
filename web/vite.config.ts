// How the page is built: no inline script or style, the map in a chunk of its own, names with hashes.
import preact from '@preact/preset-vite';
import { defineConfig } from 'vite';

const server = process.env['FLYONCE_SERVER'] ?? 'http://127.0.0.1:8470';

export default defineConfig({
  plugins: [preact({ devToolsEnabled: false })],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
    cssCodeSplit: true,
  },
  worker: { format: 'es' },
  server: { proxy: { '/v1': server, '/sign-in': server } },
});
