import { test } from 'vitest'

// Runs instead of all tests in browsers where there is none; the name of the project says why.
test.skip('tests in browsers', () => {})
