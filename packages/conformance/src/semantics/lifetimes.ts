import { type Backend, type Storage, Tensor } from '@mamba/core'
import { describe, expect, test } from 'vitest'
import { expectRefused } from '../refused.ts'
import type { Suite } from '../suite.ts'

export function describeLifetimes(suite: Suite): void {
  const ones = () => suite.backend().tensor(Float32Array.of(1, 1, 1, 1), [2, 2], 'f32')
  const isFreed = ({ storage }: Tensor) => storage.destroyed

  describe('scope', () => {
    test('frees what ops made in it and it does not return', () => {
      const { ops } = suite.backend()
      const made: Tensor[] = []
      const result = ops.scope(() => {
        const doubled = ops.scale(ones(), 2)
        made.push(doubled, ops.add(doubled, doubled))
        return 'a value without tensors'
      })
      expect(result).toBe('a value without tensors')
      expect(made.map(isFreed)).toEqual([true, true])
    })

    test('keeps a tensor that it returns', async () => {
      const { ops } = suite.backend()
      const kept = ops.scope(() => ops.add(ops.scale(ones(), 2), ones()))
      expect(await kept.read()).toEqual(Float32Array.of(3, 3, 3, 3))
    })

    test('keeps the tensors of arrays and plain objects, however deep', async () => {
      const { ops } = suite.backend()
      const kept = ops.scope(() => ({
        list: [ops.scale(ones(), 2)],
        inner: { tensor: ops.scale(ones(), 3), nothing: undefined, missing: null },
      }))
      expect(await kept.list[0]!.read()).toEqual(new Float32Array(4).fill(2))
      expect(await kept.inner.tensor.read()).toEqual(new Float32Array(4).fill(3))
    })

    test('keeps the base of a view that it returns', async () => {
      const { ops } = suite.backend()
      const kept = ops.scope(() => ops.scale(ones(), 2).columns(1, 2))
      expect(await kept.read()).toEqual(Float32Array.of(2, 2))
      expect(kept.base && isFreed(kept.base)).toBe(false)
    })

    test('nests: what the inner one returns belongs to the outer one', () => {
      const { ops } = suite.backend()
      let innermost: Tensor | undefined
      const kept = ops.scope(() => {
        innermost = ops.scope(() => ops.scale(ones(), 2))
        expect(isFreed(innermost)).toBe(false)
        return ops.scope(() => ops.scale(innermost!, 2))
      })
      expect(isFreed(innermost!)).toBe(true)
      expect(isFreed(kept)).toBe(false)
    })

    test('leaves alone what was made before it, and what no op made', () => {
      const { ops } = suite.backend()
      const before = ops.scale(ones(), 2)
      let given: Tensor | undefined
      ops.scope(() => {
        given = ones()
        return ops.add(before, given)
      })
      expect([before, given!].map(isFreed)).toEqual([false, false])
    })

    test('frees everything when it throws, and passes the error on', () => {
      const { ops } = suite.backend()
      const made: Tensor[] = []
      const fail = () => {
        made.push(ops.scale(ones(), 2))
        ops.scope(() => {
          made.push(ops.scale(ones(), 2))
          throw new RangeError('on purpose')
        })
      }
      expect(() => ops.scope(fail)).toThrow(new RangeError('on purpose'))
      expect(made.map(isFreed)).toEqual([true, true])
      const after = ops.scale(ones(), 2)
      expect(isFreed(after)).toBe(false)
    })

    test('may end before the results of its ops are ready', async () => {
      const { ops } = suite.backend()
      let pending: Promise<unknown> | undefined
      ops.scope(() => {
        pending = ops.scale(ones(), 5).read()
      })
      expect(await pending).toEqual(new Float32Array(4).fill(5))
    })
  })

  describe('freeing', () => {
    test('release frees at once, within a scope or outside', () => {
      const { ops } = suite.backend()
      const outside = ops.scale(ones(), 2)
      ops.release(outside)
      expect(isFreed(outside)).toBe(true)
      ops.scope(() => {
        const inside = ops.scale(ones(), 2)
        ops.release(inside)
        expect(isFreed(inside)).toBe(true)
      })
    })

    test('memory that is freed and used again still gives what was read before', async () => {
      const { ops } = suite.backend()
      const factors = Array.from({ length: 20 }, (_, i) => i)
      const pending = factors.map((factor) => {
        const tensor = ops.scale(ones(), factor)
        const read = tensor.read()
        ops.release(tensor)
        return read
      })
      expect(await Promise.all(pending)).toEqual(factors.map((factor) => new Float32Array(4).fill(factor)))
      expect(await suite.backend().zeros([2, 2]).read()).toEqual(new Float32Array(4))
    })

    test('freeing twice does no harm', () => {
      const { ops } = suite.backend()
      ops.scope(() => {
        const tensor = ops.scale(ones(), 2)
        tensor.destroy()
        tensor.destroy()
        tensor[Symbol.dispose]()
        ops.release(tensor)
        expect(isFreed(tensor)).toBe(true)
      })
    })

    test('a freed tensor, and a view of it, is refused with an error that says so', async () => {
      const backend = suite.backend()
      const freed = ones()
      const view = freed.columns(0, 1)
      freed.destroy()
      const refused = (call: () => unknown) => expectRefused(undefined, 'destroyed', call)
      await refused(() => freed.read())
      await refused(() => view.read())
      await refused(() => backend.write(freed, new Float32Array(4)))
      await refused(() => backend.copy(freed, ones()))
      await refused(() => backend.copy(ones(), freed))
      await refused(() => backend.ops.scale(freed, 2))
      await refused(() => backend.ops.add(ones(), freed))
      await refused(() => backend.ops.linear(ones(), freed))
    })
  })

  describe('a tensor of another backend', () => {
    test('is refused with an error that names both', async () => {
      const backend = suite.backend()
      const storage: Storage = { destroyed: false, destroy: () => {} }
      const elsewhere = { name: 'elsewhere' } as Backend
      const foreign = new Tensor({ backend: elsewhere, shape: [2, 2], dtype: 'f32', storage })
      const refused = async (call: () => unknown) => {
        await expectRefused(undefined, 'elsewhere', call)
        await expectRefused(undefined, backend.name, call)
      }
      await refused(() => backend.read(foreign))
      await refused(() => backend.write(foreign, new Float32Array(4)))
      await refused(() => backend.copy(foreign, ones()))
      await refused(() => backend.copy(ones(), foreign))
      await refused(() => backend.ops.scale(foreign, 2))
      await refused(() => backend.ops.mul(ones(), foreign))
      await refused(() => backend.ops.linear(ones(), foreign))
    })
  })
}
