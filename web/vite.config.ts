import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// `npm run dev` serves the sources and hands everything that is not the canvas to a running platform.
const platform = process.env.MOLECULE_URL ?? "http://127.0.0.1:8080";
const forwarded = { target: platform, changeOrigin: true, ws: true };

// The page says which version it belongs to; tests/reference holds it to the binary's.
const { version } = JSON.parse(readFileSync(new URL("./package.json", import.meta.url), "utf8")) as { version: string };
const generator = { tag: "meta", attrs: { name: "generator", content: `Molecule ${version}` }, injectTo: "head" } as const;

export default defineConfig({
  // Files are named from the root of the platform, wherever a proxy has put that.
  base: "./",
  plugins: [react(), { name: "version", transformIndexHtml: () => [generator] }],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: {
    host: "127.0.0.1",
    proxy: {
      "/auth": forwarded,
      "/workspaces": forwarded,
      "/registry": forwarded,
      "/settings": forwarded,
      "/canvas": forwarded,
      "/events": forwarded,
      "/ws": forwarded,
    },
  },
  build: {
    // The platform serves a policy without data: fonts or inline scripts, so nothing may be inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    chunkSizeWarningLimit: 1000,
  },
  test: {
    environment: "node",
    include: ["src/**/*_test.{ts,tsx}"],
    restoreMocks: true,
    // A machine that others keep busy takes several times as long.
    testTimeout: 30_000,
  },
});
