import { type DType, type Tensor, Tensor as TensorClass } from '@mamba/core'
import type { Context } from '../context.ts'
import type { Capabilities } from '../device/capabilities.ts'
import { Allocation, type Binding } from '../memory/allocation.ts'
import { deviceByteLength } from '../memory/layout.ts'
import { GpuStorage, type Part } from '../memory/storage.ts'
import type { Planner } from '../planner.ts'
import type { Dispatch } from '../queue/kernel.ts'
import type { Recording } from './recording.ts'

/** Something that is tried before a program is used. */
export interface Rehearsal {
  readonly dispatch: Dispatch
  /** A word that is not 0 afterwards if it failed. */
  readonly failed: { readonly allocation: Allocation; readonly word: number }
}

/** A tensor that is copied next to others, perhaps expanded to f32. */
export interface Piece {
  readonly tensor: Tensor
  readonly dtype: DType
}

/** Tensors that lie in one buffer. */
export interface Packed {
  readonly binding: Binding
  readonly byteLength: number
  /** Of a tensor's first byte: a multiple of 256. */
  offset(tensor: Tensor): number
}

/** Collects the dispatches of a program, and what it needs besides. */
export class ProgramPlanner implements Planner {
  readonly dispatches: Dispatch[] = []
  readonly rehearsals: Rehearsal[] = []
  readonly capabilities: Capabilities
  /** Buffers that the program owns. */
  readonly owned: GPUBuffer[] = []
  readonly #context: Context
  readonly #recording: Recording
  #copies: { readonly from: Allocation; readonly copy: () => void; version: number }[] = []

  constructor(context: Context, recording: Recording) {
    this.capabilities = context.capabilities
    this.#context = context
    this.#recording = recording
  }

  parts(tensor: Tensor): readonly Part[] {
    return this.#recording.partsOf(tensor) ?? this.#context.parts(tensor)
  }

  binding(tensor: Tensor): Binding {
    const [part] = this.#recording.partsOf(tensor) ?? []
    return part ?? this.#context.binding(tensor)
  }

  byteLength(tensor: Tensor): number {
    return this.parts(tensor).reduce((sum, { allocation }) => sum + allocation.byteLength, 0)
  }

  scratch(byteLength: number): Allocation {
    return new Allocation(Math.ceil(byteLength / 4) * 4)
  }

  dispatch(dispatch: Dispatch): void {
    const {
      workgroups: [x, y = 1, z = 1],
    } = dispatch
    if (x * y * z > 0) this.dispatches.push(dispatch)
  }

  /** Has a dispatch tried before the program is used; if it fails, the program is planned without it. */
  rehearse(dispatch: Dispatch, failed: Rehearsal['failed']): void {
    this.rehearsals.push({ dispatch, failed })
  }

  /** All of the buffer that a tensor lies in, with the tensors that were made together with it. */
  wholeBuffer(tensor: Tensor): Binding {
    const { buffer } = this.parts(tensor)[0]!.allocation.place()
    return { allocation: new Allocation(buffer.size, { buffer, offset: 0 }) }
  }

  /** Memory of the program's own that starts as zeros and lasts. */
  zeros(byteLength: number): Binding {
    const allocation = this.#own(byteLength)
    this.#context.queue.clear(allocation)
    return { allocation }
  }

  constant(data: Uint32Array<ArrayBuffer>): Binding {
    const allocation = this.#own(data.byteLength)
    this.#context.queue.write(allocation, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    return { allocation }
  }

  /** A buffer with copies of tensors. They are made anew where one was written to since. */
  pack(pieces: readonly Piece[]): Packed {
    const places = new Map<
      Tensor,
      { readonly offset: number; readonly size: number; readonly piece: Piece }
    >()
    let end = 0
    for (const piece of pieces) {
      const { tensor, dtype } = piece
      const size = deviceByteLength(dtype, tensor.rowCount, tensor.columnCount)
      places.set(tensor, { offset: end, size, piece })
      end += Math.ceil(size / 256) * 256
    }
    const whole = this.#own(end)
    const { buffer } = whole.place()
    for (const [tensor, { offset, size, piece }] of places) {
      const from = this.parts(tensor)[0]!.allocation
      const to = new Allocation(size, { buffer, offset })
      const copy =
        piece.dtype === tensor.dtype
          ? () => this.#context.queue.copy(from, to, Math.min(size, from.byteLength))
          : () => this.#expand(tensor, to)
      this.#copies.push({ from, copy, version: -1 })
    }
    return {
      binding: { allocation: whole },
      byteLength: end,
      offset: (tensor) => places.get(tensor)!.offset,
    }
  }

  /** Enqueues what must be copied before the next run. */
  refresh(): void {
    for (const entry of this.#copies) {
      if (entry.version === entry.from.version) continue
      entry.version = entry.from.version
      entry.copy()
    }
  }

  /** Writes a matrix as f32: all its rows, looked up in order. */
  #expand(table: Tensor, to: Allocation): void {
    const { backend } = this.#context
    const { rowCount: rows, columnCount } = table
    using ids = backend.tensor(
      Int32Array.from({ length: rows }, (_, i) => i),
      [1, rows],
      'i32',
    )
    const storage = new GpuStorage(this.#context, [{ allocation: to, firstRow: 0, rows }])
    const y = new TensorClass({ backend, shape: [1, rows, columnCount], dtype: 'f32', storage })
    this.#context.run({ op: 'embedding', table, ids, y })
  }

  #own(byteLength: number): Allocation {
    const buffer = this.#context.pool.take(byteLength)
    this.owned.push(buffer)
    return new Allocation(Math.ceil(byteLength / 16) * 16, { buffer, offset: 0 })
  }
}
