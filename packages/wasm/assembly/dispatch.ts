import * as kernels from '../src/kernels'
import { elementwise } from './elementwise/elementwise'
import { embedding } from './matrix/embedding'
import { gemm } from './matrix/gemm'
import { gemmBlocks } from './matrix/gemm-blocks'
import { gemv } from './matrix/gemv'
import { gemvBlocks } from './matrix/gemv-blocks'
import { prepareRows } from './matrix/prepare-rows'
import { quantizeRows } from './matrix/quantize-rows'
import { chunkMaxima } from './rows/chunk-maxima'
import { collect } from './rows/collect'
import { copyRows } from './rows/copy-rows'
import { crossEntropy } from './rows/cross-entropy'
import { expSums } from './rows/exp-sums'
import { readBytes } from './rows/read-bytes'
import { causalConv1d } from './sequence/causal-conv1d'
import { mamba3Blocks } from './sequence/mamba3/blocks'
import { mamba3Step } from './sequence/mamba3/step'
import { rmsNorm } from './sequence/rms-norm'
import { selectiveScan } from './sequence/selective-scan/selective-scan'
import { ssdBlocks } from './sequence/ssd/blocks'
import { ssdScores } from './sequence/ssd/scores'
import { ssdStep } from './sequence/ssd/step'

/** Calls a kernel on one tile. */
export function dispatch(kernel: i32, args: usize, tile: i32, thread: i32): void {
  switch (kernel) {
    case kernels.GEMV:
      gemv(args, tile)
      break
    case kernels.GEMV_BLOCKS:
      gemvBlocks(args, tile)
      break
    case kernels.GEMM:
      gemm(args, tile, thread)
      break
    case kernels.GEMM_BLOCKS:
      gemmBlocks(args, tile, thread)
      break
    case kernels.PREPARE_ROWS:
      prepareRows(args, tile)
      break
    case kernels.QUANTIZE_ROWS:
      quantizeRows(args, tile)
      break
    case kernels.EMBEDDING:
      embedding(args, tile)
      break
    case kernels.COPY_ROWS:
      copyRows(args, tile)
      break
    case kernels.CHUNK_MAXIMA:
      chunkMaxima(args, tile)
      break
    case kernels.EXP_SUMS:
      expSums(args, tile, thread)
      break
    case kernels.COLLECT:
      collect(args)
      break
    case kernels.CROSS_ENTROPY:
      crossEntropy(args, tile, thread)
      break
    case kernels.READ_BYTES:
      readBytes(args, tile)
      break
    case kernels.ELEMENTWISE:
      elementwise(args, tile)
      break
    case kernels.RMS_NORM:
      rmsNorm(args, tile)
      break
    case kernels.CAUSAL_CONV1D:
      causalConv1d(args, tile, thread)
      break
    case kernels.SELECTIVE_SCAN:
      selectiveScan(args, tile, thread)
      break
    case kernels.SSD_STEP:
      ssdStep(args, tile, thread)
      break
    case kernels.SSD_SCORES:
      ssdScores(args, tile)
      break
    case kernels.SSD_BLOCKS:
      ssdBlocks(args, tile, thread)
      break
    case kernels.MAMBA3_STEP:
      mamba3Step(args, tile, thread)
      break
    case kernels.MAMBA3_BLOCKS:
      mamba3Blocks(args, tile, thread)
      break
    default:
      unreachable()
  }
}
