export { run } from './runtime/run'
export { work } from './runtime/work'
