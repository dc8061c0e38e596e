import { useSwiftShader } from '@mamba/browser-testing'
import { defineConfig, mergeConfig } from 'vitest/config'
import shared from '../../vitest.shared.ts'

useSwiftShader()

// Forks, because a driver is found by variables that count when a process starts.
export default defineConfig((env) => mergeConfig(shared(env), { test: { pool: 'forks' } }))
