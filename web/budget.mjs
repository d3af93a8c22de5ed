// What each page may weigh, and what it weighs. Run it after a build: `npm run budget`. It fails when a page is too heavy, when a
// file that a page names is not there, and when there is a file that no page counts.
import { existsSync, readFileSync, readdirSync } from "node:fs"
import { join, relative, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"

// weigh says of each page of the budget what its files weigh, raw and gzipped one by one as a server sends them, and what is
// wrong with it.
export function weigh(pages, dist) {
  const wrong = []
  const counted = new Set()
  const rows = pages.map((page) => {
    let raw = 0
    let gzip = 0
    for (const file of page.files) {
      counted.add(file)
      const path = join(dist, file)
      if (!existsSync(path)) {
        wrong.push(`${page.name}: ${file} is not there`)
        continue
      }
      const bytes = readFileSync(path)
      raw += bytes.length
      gzip += gzipSync(bytes, { level: 9 }).length
    }
    if (raw > page.raw) wrong.push(`${page.name}: ${raw} bytes, and may have ${page.raw}`)
    if (gzip > page.gzip) wrong.push(`${page.name}: ${gzip} bytes gzipped, and may have ${page.gzip}`)
    return { page: page.name, raw, "of raw": page.raw, gzip, "of gzip": page.gzip }
  })
  for (const file of filesBelow(dist)) {
    if (!counted.has(file)) wrong.push(`${file} is counted by no page`)
  }
  return { rows, wrong }
}

function filesBelow(dir) {
  if (!existsSync(dir)) return []
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const here = fileURLToPath(new URL(".", import.meta.url))
  const { pages } = JSON.parse(readFileSync(join(here, "budget.json"), "utf8"))
  const { rows, wrong } = weigh(pages, join(here, "dist"))
  console.table(rows)
  for (const line of wrong) console.error(line)
  process.exitCode = wrong.length ? 1 : 0
}
