import { cpu } from '@mamba/core'
import { describeBackend } from './describe-backend.ts'

describeBackend('cpu', cpu)
