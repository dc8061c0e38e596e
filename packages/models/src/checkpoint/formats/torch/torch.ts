import { CheckpointError } from '@mamba/core'
import { type Checkpoint, type TensorInfo, tableCheckpoint } from '../../checkpoint.ts'
import type { RandomAccessFile } from '../../sources/source.ts'
import { decodeUtf8, quote } from '../../text.ts'
import { gather, isContiguous } from './gather.ts'
import { unpickle } from './pickle.ts'
import type { PickleValue } from './pickle-values.ts'
import { isTensor, TORCH_WORLD, type TorchStorage, type TorchTensor } from './tensors.ts'
import { locateMember, readMember, readZip, type ZipMember } from './zip.ts'

const MAX_PICKLE = 2 ** 24
// Where training scripts put the model among other things.
const WRAPPERS = ['state_dict', 'model']

/**
 * Opens a file of torch.save (torch 1.6 and later): a ZIP archive of `<root>/data.pkl`, a pickle of the state_dict, and
 * `<root>/data/<key>`, the storages. The pickle is read as data; nothing in it is executed.
 * @throws CheckpointError if the file is truncated or damaged, is big-endian, or its pickle asks for any class
 * but those of plain tensors
 */
export async function openTorch(file: RandomAccessFile, signal?: AbortSignal): Promise<Checkpoint> {
  const members = await readZip(file, signal)
  const pickle = [...members.values()].filter(({ name }) => /^[^/]+\/data\.pkl$/.test(name))
  if (pickle.length !== 1) {
    throw new CheckpointError(
      `${file.name}: holds ${pickle.length} members <root>/data.pkl; expected one, as torch.save writes`,
    )
  }
  const root = pickle[0]!.name.slice(0, -'data.pkl'.length)
  await checkByteOrder(file, members.get(`${root}byteorder`), signal)
  const bytes = await readMember(file, pickle[0]!, MAX_PICKLE, signal)
  const tensors = findTensors(unpickle(bytes, `${file.name}: data.pkl`, TORCH_WORLD), file.name)
  const memberOf = (storage: TorchStorage) => members.get(`${root}data/${storage.key}`)
  const infos = new Map<string, TensorInfo>()
  for (const [name, tensor] of tensors) {
    checkStorage(name, tensor.storage, memberOf(tensor.storage), file.name)
    infos.set(name, infoOf(name, tensor, file.name))
  }
  return tableCheckpoint(file, {
    format: 'torch',
    metadata: {},
    tensors: infos,
    read(name, signal) {
      const tensor = tensors.get(name)!
      return readTensor(file, tensor, memberOf(tensor.storage)!, signal)
    },
  })
}

async function checkByteOrder(
  file: RandomAccessFile,
  member: ZipMember | undefined,
  signal?: AbortSignal,
): Promise<void> {
  // Older versions of torch do not write it.
  if (!member) return
  const order = decodeUtf8(await readMember(file, member, 16, signal), `${file.name}: byteorder`)
  if (order !== 'little') {
    throw new CheckpointError(`${file.name}: byteorder is ${quote(order)}; expected "little"`)
  }
}

/** The tensors of a state_dict, at the top level or where training scripts put it. */
function findTensors(top: PickleValue, file: string): Map<string, TorchTensor> {
  const places = top instanceof Map ? [top, ...WRAPPERS.map((key) => top.get(key))] : []
  for (const place of places) {
    const tensors = tensorsIn(place)
    if (tensors.size > 0) return tensors
  }
  throw new CheckpointError(
    `${file}: data.pkl holds no tensors by name, neither at its top level nor under ${WRAPPERS.map(quote).join(' or ')}`,
  )
}

function tensorsIn(place: PickleValue | undefined): Map<string, TorchTensor> {
  const tensors = new Map<string, TorchTensor>()
  if (!(place instanceof Map)) return tensors
  for (const [name, value] of place) {
    if (typeof name === 'string' && isTensor(value)) tensors.set(name, value)
  }
  return tensors
}

function checkStorage(
  name: string,
  storage: TorchStorage,
  member: ZipMember | undefined,
  file: string,
): void {
  const fail = (problem: string) => new CheckpointError(`${file}: tensor ${quote(name)}: ${problem}`)
  if (!member) throw fail(`its storage ${quote(storage.key)} is missing from the archive`)
  const expected = storage.length * storage.type.size
  if (member.size === expected) return
  throw fail(
    `its storage ${quote(storage.key)} has ${member.size} bytes; expected ${expected} for ${storage.length} elements of ` +
      storage.type.storedType,
  )
}

function infoOf(name: string, { shape, count, storage }: TorchTensor, file: string): TensorInfo {
  const { dtype, storedType, size } = storage.type
  return { name, shape, dtype, storedType, byteLength: count * size, file }
}

/** Reads the part of the storage that the tensor covers, and packs it if the tensor is not dense in it. */
async function readTensor(
  file: RandomAccessFile,
  tensor: TorchTensor,
  member: ZipMember,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const { size } = tensor.storage.type
  const start = (await locateMember(file, member, signal)) + tensor.offset * size
  const bytes = await file.read(start, tensor.extent * size, signal)
  return isContiguous(tensor) ? bytes : gather(bytes, tensor)
}
