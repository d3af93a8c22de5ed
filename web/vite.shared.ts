import { svelte } from "@sveltejs/vite-plugin-svelte"
import { defineConfig, mergeConfig, type UserConfig } from "vite"

// built is how every package of the workspace is built: into dist/NAME, under names that stay the same from build to build, so
// that the committed output changes only where the code does. `more` is what the package adds: its pages, its dev server.
//
// A component's styles are named for what they say: Svelte's own names come of where a file lies, and would be others on each machine.
//
// What is served under a strict Content-Security-Policy has no inline script and no data: address, so nothing is inlined.
export function built(name: string, more: UserConfig = {}) {
  return defineConfig(({ mode }) =>
    mergeConfig<UserConfig, UserConfig>(
      {
        plugins: [svelte({ configFile: false, compilerOptions: { cssHash: ({ hash, css }) => `p-${hash(css)}` } })],
        base: "./",
        // Tests run the component as a browser does, not as a server that renders it.
        resolve: mode === "test" ? { conditions: ["browser"] } : {},
        build: {
          outDir: `../dist/${name}`,
          emptyOutDir: true,
          target: "es2022",
          sourcemap: false,
          assetsInlineLimit: 0,
          modulePreload: { polyfill: false },
          rolldownOptions: {
            output: {
              entryFileNames: "[name].js",
              chunkFileNames: "[name].js",
              assetFileNames: "[name][extname]",
            },
          },
        },
      },
      more,
    ),
  )
}
