import { built } from "../vite.shared.ts"

export default built("sandbox")
