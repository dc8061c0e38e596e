import { describe, expect, test } from 'vitest'
import { cpu } from '../cpu/backend.ts'
import type { Tensor } from '../tensor.ts'
import { TensorScopes } from './scopes.ts'

const backend = cpu()
const make = () => backend.zeros([2, 4])
const areFreed = (...tensors: readonly Tensor[]) => tensors.map(({ storage }) => storage.destroyed)

describe('run', () => {
  test('frees what was tracked in it, but for the tensors of its result', () => {
    const scopes = new TensorScopes()
    const [lost, kept, inArray, inObject, viewed] = [make(), make(), make(), make(), make()]
    const result = scopes.run(() => {
      for (const tensor of [lost, kept, inArray, inObject, viewed]) scopes.track(tensor)
      return [kept, [inArray, 7, null], { deep: { inObject, view: viewed.columns(1, 2) }, none: undefined }]
    })
    expect(result).toHaveLength(3)
    expect(areFreed(lost, kept, inArray, inObject, viewed)).toEqual([true, false, false, false, false])
  })

  test('does not look into objects of a class, which own their tensors themselves', () => {
    const scopes = new TensorScopes()
    class Owner {
      readonly tensor = scopes.track(make())
    }
    expect(areFreed(scopes.run(() => new Owner()).tensor)).toEqual([true])
  })

  test('hands what it returns on to the scope around it', () => {
    const scopes = new TensorScopes()
    let handedOn: Tensor | undefined
    scopes.run(() => {
      handedOn = scopes.run(() => scopes.track(make()))
      expect(areFreed(handedOn)).toEqual([false])
    })
    expect(areFreed(handedOn!)).toEqual([true])
  })

  test('without a scope around it, leaves what it returns to the caller', () => {
    const scopes = new TensorScopes()
    const tensor = scopes.run(() => scopes.track(make()))
    scopes.run(() => {})
    expect(areFreed(tensor)).toEqual([false])
  })

  test('frees everything and leaves the scope when it throws', () => {
    const scopes = new TensorScopes()
    const tensor = make()
    expect(() =>
      scopes.run(() => {
        scopes.track(tensor)
        throw new RangeError('on purpose')
      }),
    ).toThrow('on purpose')
    expect(areFreed(tensor)).toEqual([true])
    expect(areFreed(scopes.track(make()))).toEqual([false])
  })
})

test('release frees at once, in the innermost scope or one around it', () => {
  const scopes = new TensorScopes()
  scopes.run(() => {
    const outer = scopes.track(make())
    scopes.run(() => {
      const inner = scopes.track(make())
      scopes.release(outer)
      scopes.release(inner)
      expect(areFreed(outer, inner)).toEqual([true, true])
    })
  })
})
