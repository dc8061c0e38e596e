import type { CheckpointError, DType } from '@mamba/core'
import { checkedElementCount, isSize } from '../../shape.ts'
import { quote } from '../../text.ts'
import type { PickleClass, PickleObject, PickleValue, PickleWorld } from './pickle-values.ts'

type Fail = (problem: string) => CheckpointError

/** An array of elements that tensors are views of; several tensors may share one. */
export interface TorchStorage extends PickleObject {
  readonly kind: 'storage'
  /** Member of the archive that holds it, below `data/`. */
  readonly key: string
  /** Elements. */
  readonly length: number
  readonly type: StorageType
}

/** A strided view of a storage. Offset, shape and strides count elements and stay inside the storage. */
export interface TorchTensor extends PickleObject {
  readonly kind: 'tensor'
  readonly storage: TorchStorage
  readonly offset: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]
  /** Elements of the tensor. */
  readonly count: number
  /** Elements of the storage from the first to the last that the tensor has. */
  readonly extent: number
}

/** An element type of torch. */
interface StorageType extends PickleClass {
  /** As the file spells it, without the module: `HalfStorage`. */
  readonly storedType: string
  /** Bytes of an element. */
  readonly size: number
  /** The dtype to compute with, if there is one. */
  readonly dtype: DType | undefined
}

const MAX_RANK = 64

function storageType(storedType: string, size: number, dtype?: DType): StorageType {
  return { kind: 'class', name: `torch.${storedType}`, storedType, size, dtype }
}

const storageTypes = [
  storageType('FloatStorage', 4, 'f32'),
  storageType('HalfStorage', 2, 'f16'),
  storageType('BFloat16Storage', 2, 'bf16'),
  storageType('IntStorage', 4, 'i32'),
  storageType('CharStorage', 1, 'i8'),
  storageType('ByteStorage', 1, 'u8'),
  storageType('LongStorage', 8),
  storageType('DoubleStorage', 8),
  storageType('ShortStorage', 2),
  storageType('BoolStorage', 1),
]

const functions: PickleClass[] = [
  { kind: 'class', name: 'collections.OrderedDict', call: orderedDict },
  { kind: 'class', name: 'torch._utils._rebuild_tensor_v2', call: rebuildTensor },
  { kind: 'class', name: 'torch._utils._rebuild_parameter', call: rebuildParameter },
]

/** The classes that a state_dict needs; every other one is refused. */
export const TORCH_WORLD: PickleWorld = {
  classes: new Map([...storageTypes, ...functions].map((entry) => [entry.name, entry])),
  load: loadStorage,
}

/** Whether `value` is of the kind that this module makes. */
export function isTensor(value: PickleValue | undefined): value is TorchTensor {
  return kindOf(value) === 'tensor'
}

function isStorage(value: PickleValue | undefined): value is TorchStorage {
  return kindOf(value) === 'storage'
}

function isStorageType(value: PickleValue | undefined): value is StorageType {
  return kindOf(value) === 'class' && storageTypes.includes(value as StorageType)
}

function kindOf(value: PickleValue | undefined): string | undefined {
  return typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined
}

/** An OrderedDict, which torch creates empty and then fills. */
function orderedDict(args: readonly PickleValue[], fail: Fail): PickleValue {
  if (args.length > 0) throw fail('it creates an OrderedDict from arguments; expected an empty one')
  return new Map()
}

/** `('storage', type, key, device, length)`. The device is where it was; it is read to here. */
function loadStorage(id: PickleValue, fail: Fail): PickleValue {
  const [tag, type, key, , length] = Array.isArray(id) ? id : []
  if (tag === 'storage' && isStorageType(type) && typeof key === 'string' && isSize(length)) {
    return { kind: 'storage', type, key, length } as TorchStorage
  }
  throw fail('it refers to something outside that is not a storage of a known type')
}

/** `_rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks, metadata)`. */
function rebuildTensor(args: readonly PickleValue[], fail: Fail): PickleValue {
  const [storage, offset, shape, strides, , , metadata] = args
  if (!isStorage(storage)) throw fail('a tensor is not over a storage')
  if (!isSize(offset) || !isSizes(shape) || !isSizes(strides) || shape.length !== strides.length) {
    throw fail(`a tensor over storage ${quote(storage.key)} has an impossible offset, shape or strides`)
  }
  if (metadata instanceof Map && metadata.size > 0) {
    throw fail(
      `a tensor over storage ${quote(storage.key)} is a conjugate or negative view, which is not read`,
    )
  }
  const count = checkedElementCount(shape)
  const extent = count === 0 ? 0 : shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, 1)
  if (count === undefined || !(offset + extent <= storage.length)) {
    throw fail(
      `a tensor [${shape}] with strides [${strides}] at ${offset} does not fit in storage ${quote(storage.key)} of ` +
        `${storage.length} elements`,
    )
  }
  // A small storage could claim a tensor of any size; torch.save writes such views of models nowhere.
  if (count > storage.length) {
    throw fail(`a tensor [${shape}] repeats elements of storage ${quote(storage.key)} of ${storage.length}`)
  }
  // Copies: a pickle can still append to lists that it has used.
  return {
    kind: 'tensor',
    storage,
    offset,
    shape: [...shape],
    strides: [...strides],
    count,
    extent,
  } as TorchTensor
}

/** `_rebuild_parameter(tensor, requires_grad, hooks)`. */
function rebuildParameter([tensor]: readonly PickleValue[], fail: Fail): PickleValue {
  if (!isTensor(tensor)) throw fail('a parameter is not made from a tensor')
  return tensor
}

function isSizes(value: PickleValue | undefined): value is number[] {
  return Array.isArray(value) && value.length <= MAX_RANK && value.every(isSize)
}
