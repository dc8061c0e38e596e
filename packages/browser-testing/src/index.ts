export { type Chromium, type ChromiumOptions, findChromium } from './chromium.ts'
export { type BrowserProjectsOptions, browserProjects } from './projects.ts'
export { useSwiftShader } from './swiftshader.ts'
