import vue from '@vitejs/plugin-vue'
import { compression } from 'vite-plugin-compression2'
import { defineConfig } from 'vitest/config'

const api = process.env.POLYVISOR_OP_URL ?? 'http://127.0.0.1:8780'

export default defineConfig({
  plugins: [vue(), compression({ algorithms: ['gzip', 'brotliCompress'], threshold: 1024 })],
  resolve: { alias: { '@': `${import.meta.dirname}/src` } },
  // Messages are compiled without eval, which our policy forbids.
  define: {
    __INTLIFY_JIT_COMPILATION__: true,
    __INTLIFY_PROD_DEVTOOLS__: false,
    __VUE_I18N_FULL_INSTALL__: false,
    __VUE_I18N_LEGACY_API__: false,
    __VUE_PROD_DEVTOOLS__: false,
  },
  build: {
    outDir: '../src/polyvisor/op/web',
    emptyOutDir: true,
    chunkSizeWarningLimit: 700,
    // Data URLs of fonts and icons would need a wider policy.
    assetsInlineLimit: 0,
  },
  server: { proxy: { '/api': { target: api, changeOrigin: true } } },
  test: { environment: 'happy-dom', include: ['tests/**/*.test.ts'] },
})
