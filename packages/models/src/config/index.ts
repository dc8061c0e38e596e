export { parseConfigJson } from './config-json.ts'
export { ConfigReader } from './config-reader.ts'
export { type GenerationDefaults, readGenerationDefaults } from './generation-config.ts'
