import { OPCODES } from '../formats/torch/opcodes.ts'
import { ByteWriter } from './byte-writer.ts'
import { writeZip, type ZipTestOptions } from './write-zip.ts'

/** Something that writes itself into a pickle. */
export type Pickled = (writer: ByteWriter) => void

/** A tensor of a torch file. */
export interface TorchTestTensor {
  /** Member that holds the storage. */
  readonly key: string
  readonly shape: readonly number[]
  /** Dense and row-major by default. */
  readonly strides?: readonly number[]
  readonly offset?: number
  /** `FloatStorage` by default. */
  readonly type?: string
  /** Elements of the storage that the pickle claims. */
  readonly length: number
}

/** A string of a pickle. */
export function str(value: string): Pickled {
  return (writer) => {
    const bytes = new TextEncoder().encode(value)
    writer.u8(OPCODES.BINUNICODE).u32(bytes.length).bytes(bytes)
  }
}

/** A whole number below 2^31, or a longer one. */
export function int(value: number): Pickled {
  return (writer) => {
    if (value < 2 ** 31) writer.u8(OPCODES.BININT).u32(value)
    else writer.u8(OPCODES.LONG1, 8).u64(value)
  }
}

/** False. */
export const no: Pickled = (writer) => writer.u8(OPCODES.NEWFALSE)

/** A tuple. */
export function tuple(...items: Pickled[]): Pickled {
  return (writer) => {
    writer.u8(OPCODES.MARK)
    for (const item of items) item(writer)
    writer.u8(OPCODES.TUPLE)
  }
}

/** A dict. */
export function dict(entries: Readonly<Record<string, Pickled>>): Pickled {
  return (writer) => {
    writer.u8(OPCODES.EMPTY_DICT)
    setItems(writer, entries)
  }
}

/** An OrderedDict with attributes, as `state_dict()` gives it. */
export function orderedDict(entries: Readonly<Record<string, Pickled>>): Pickled {
  return (writer) => {
    call('collections', 'OrderedDict')(writer)
    setItems(writer, entries)
    dict({ _metadata: dict({}) })(writer)
    writer.u8(OPCODES.BUILD)
  }
}

/** A call of `module.name`. */
export function call(module: string, name: string, ...args: Pickled[]): Pickled {
  return (writer) => {
    global(module, name)(writer)
    tuple(...args)(writer)
    writer.u8(OPCODES.REDUCE)
  }
}

/** A class or function by name. */
export function global(module: string, name: string): Pickled {
  return (writer) => writer.u8(OPCODES.GLOBAL).text(`${module}\n${name}\n`)
}

/** A tensor as torch rebuilds it. */
export function tensor({
  key,
  shape,
  strides,
  offset = 0,
  type = 'FloatStorage',
  length,
}: TorchTestTensor): Pickled {
  const dense = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1))
  const sizes = (values: readonly number[]) => tuple(...values.map(int))
  const storage = tuple(str('storage'), global('torch', type), str(key), str('cpu'), int(length))
  const load: Pickled = (writer) => {
    storage(writer)
    writer.u8(OPCODES.BINPERSID)
  }
  const hooks = call('collections', 'OrderedDict')
  return call(
    'torch._utils',
    '_rebuild_tensor_v2',
    load,
    int(offset),
    sizes(shape),
    sizes(strides ?? dense),
    no,
    hooks,
  )
}

/** A pickle of protocol 2. */
function writePickle(value: Pickled): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u8(OPCODES.PROTO, 2)
  value(writer)
  return writer.u8(OPCODES.STOP).done()
}

/** A file of torch.save. */
export function writeTorch(
  value: Pickled,
  storages: Readonly<Record<string, Uint8Array>>,
  options?: ZipTestOptions & { readonly byteOrder?: string },
): Uint8Array<ArrayBuffer> {
  const text = (content: string) => new TextEncoder().encode(content)
  const members = [
    { name: 'model/data.pkl', data: writePickle(value) },
    { name: 'model/byteorder', data: text(options?.byteOrder ?? 'little') },
    ...Object.entries(storages).map(([key, data]) => ({ name: `model/data/${key}`, data })),
    { name: 'model/version', data: text('3\n') },
  ]
  return writeZip(members, options)
}

function setItems(writer: ByteWriter, entries: Readonly<Record<string, Pickled>>): void {
  writer.u8(OPCODES.MARK)
  for (const [key, value] of Object.entries(entries)) {
    str(key)(writer)
    value(writer)
  }
  writer.u8(OPCODES.SETITEMS)
}
