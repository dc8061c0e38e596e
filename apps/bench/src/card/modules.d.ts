/** Files of the webgpu package; `bundle.ts` makes these modules. */
declare module 'card:tests' {
  export { files } from 'card:benches'
}

declare module 'card:benches' {
  interface ListedFile {
    /** Within the package's `src`. */
    readonly path: string
    load(): Promise<unknown>
  }
  export const files: readonly ListedFile[]
}
