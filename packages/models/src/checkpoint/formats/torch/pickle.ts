import { ByteReader } from '../../byte-reader.ts'
import { quote } from '../../text.ts'
import { OPCODES } from './opcodes.ts'
import { isPickleClass, type PickleClass, type PickleValue, type PickleWorld } from './pickle-values.ts'

// Some 30 operations make a tensor: 16,000 tensors. This also bounds the stack, the memo and the memory.
const MAX_OPERATIONS = 2 ** 19

/**
 * Reads a pickle of plain data: dict, OrderedDict, list, tuple, str, bytes, numbers, bool, None. Nothing is executed:
 * a class is only looked up in the caller's list, and whatever is not in it is refused.
 * @param bytes the pickle
 * @param name of it, for messages
 * @throws CheckpointError if it is truncated or damaged, asks for a class that is not allowed, or does more than
 * 2^19 operations
 */
export function unpickle(bytes: Uint8Array, name: string, world: PickleWorld): PickleValue {
  return new PickleMachine(bytes, name, world).run()
}

class PickleMachine {
  readonly #reader: ByteReader
  readonly #world: PickleWorld
  readonly #memo = new Map<number, PickleValue>()
  readonly #marks: PickleValue[][] = []
  /** Values since the last mark. */
  #stack: PickleValue[] = []
  readonly #fail = (problem: string) => this.#reader.error(problem)

  constructor(bytes: Uint8Array, name: string, world: PickleWorld) {
    this.#reader = new ByteReader(bytes, name)
    this.#world = world
  }

  run(): PickleValue {
    for (let i = 0; i < MAX_OPERATIONS; i++) {
      const opcode = this.#reader.u8()
      if (opcode === OPCODES.STOP) return this.#pop()
      const known =
        this.#number(opcode) || this.#text(opcode) || this.#container(opcode) || this.#reference(opcode)
      if (!known) throw this.#fail(`operation 0x${opcode.toString(16)} is not one that plain data needs`)
    }
    throw this.#fail(`more than ${MAX_OPERATIONS} operations`)
  }

  #number(opcode: number): boolean {
    const reader = this.#reader
    switch (opcode) {
      case OPCODES.NONE:
        return this.#push(null)
      case OPCODES.NEWTRUE:
        return this.#push(true)
      case OPCODES.NEWFALSE:
        return this.#push(false)
      case OPCODES.BININT:
        return this.#push(reader.i32())
      case OPCODES.BININT1:
        return this.#push(reader.u8())
      case OPCODES.BININT2:
        return this.#push(reader.u16())
      case OPCODES.LONG1:
        return this.#push(this.#long(reader.bytes(reader.u8())))
      case OPCODES.BINFLOAT:
        return this.#push(bigEndianFloat(reader.bytes(8)))
      default:
        return false
    }
  }

  #text(opcode: number): boolean {
    const reader = this.#reader
    switch (opcode) {
      case OPCODES.BINUNICODE:
        return this.#push(reader.text(reader.u32(), 'a string'))
      case OPCODES.SHORT_BINUNICODE:
        return this.#push(reader.text(reader.u8(), 'a string'))
      case OPCODES.BINBYTES:
        return this.#push(reader.bytes(reader.u32()))
      case OPCODES.SHORT_BINBYTES:
        return this.#push(reader.bytes(reader.u8()))
      default:
        return false
    }
  }

  #container(opcode: number): boolean {
    switch (opcode) {
      case OPCODES.MARK:
        this.#marks.push(this.#stack)
        this.#stack = []
        return true
      case OPCODES.EMPTY_LIST:
      case OPCODES.EMPTY_TUPLE:
        return this.#push([])
      case OPCODES.TUPLE:
        return this.#push(this.#popMark())
      case OPCODES.TUPLE1:
        return this.#push([this.#pop()])
      case OPCODES.TUPLE2:
        return this.#push([this.#pop(), this.#pop()].reverse())
      case OPCODES.TUPLE3:
        return this.#push([this.#pop(), this.#pop(), this.#pop()].reverse())
      case OPCODES.EMPTY_DICT:
        return this.#push(new Map())
      case OPCODES.APPEND:
        return this.#append([this.#pop()])
      case OPCODES.APPENDS:
        return this.#append(this.#popMark())
      case OPCODES.SETITEM:
        return this.#setItems([this.#pop(), this.#pop()].reverse())
      case OPCODES.SETITEMS:
        return this.#setItems(this.#popMark())
      default:
        return false
    }
  }

  #reference(opcode: number): boolean {
    const reader = this.#reader
    switch (opcode) {
      case OPCODES.PROTO:
        reader.u8()
        return true
      case OPCODES.FRAME:
        reader.size('the length of a frame')
        return true
      case OPCODES.BINPUT:
        return this.#remember(reader.u8())
      case OPCODES.LONG_BINPUT:
        return this.#remember(reader.u32())
      case OPCODES.MEMOIZE:
        return this.#remember(this.#memo.size)
      case OPCODES.BINGET:
        return this.#recall(reader.u8())
      case OPCODES.LONG_BINGET:
        return this.#recall(reader.u32())
      case OPCODES.GLOBAL:
        return this.#push(this.#class(this.#line(), this.#line()))
      case OPCODES.STACK_GLOBAL: {
        const [name, module] = [this.#pop(), this.#pop()]
        return this.#push(this.#class(module, name))
      }
      case OPCODES.REDUCE: {
        const [args, callee] = [this.#pop(), this.#pop()]
        return this.#push(this.#call(callee, args))
      }
      case OPCODES.BUILD:
        return this.#build()
      case OPCODES.BINPERSID:
        return this.#push(this.#world.load(this.#pop(), this.#fail))
      default:
        return false
    }
  }

  #push(value: PickleValue): true {
    this.#stack.push(value)
    return true
  }

  #pop(): PickleValue {
    const value = this.#stack.pop()
    if (value === undefined) throw this.#fail('an operation needs more values than there are')
    return value
  }

  #popMark(): PickleValue[] {
    const values = this.#stack
    const below = this.#marks.pop()
    if (!below) throw this.#fail('an operation needs a mark, and there is none')
    this.#stack = below
    return values
  }

  #append(values: PickleValue[]): true {
    const list = this.#stack.at(-1)
    if (!Array.isArray(list)) throw this.#fail('items are appended to what is not a list')
    for (const value of values) list.push(value)
    return true
  }

  #setItems(values: PickleValue[]): true {
    const map = this.#stack.at(-1)
    if (!(map instanceof Map)) throw this.#fail('items are set in what is not a dict')
    if (values.length % 2 !== 0) throw this.#fail('a dict has a key without a value')
    for (let i = 0; i < values.length; i += 2) {
      const key = values[i]!
      if (typeof key !== 'string' && typeof key !== 'number') throw this.#fail('a key is not a string')
      if (map.has(key)) throw this.#fail(`the key ${quote(key)} appears twice`)
      map.set(key, values[i + 1]!)
    }
    return true
  }

  #remember(index: number): true {
    const value = this.#stack.at(-1)
    if (value === undefined) throw this.#fail('there is nothing to remember')
    this.#memo.set(index, value)
    return true
  }

  #recall(index: number): true {
    const value = this.#memo.get(index)
    if (value === undefined) throw this.#fail(`nothing was remembered as ${index}`)
    return this.#push(value)
  }

  #class(module: PickleValue, name: PickleValue): PickleClass {
    if (typeof module !== 'string' || typeof name !== 'string') {
      throw this.#fail('the name of a class is not a string')
    }
    const found = this.#world.classes.get(`${module}.${name}`)
    if (found) return found
    throw this.#fail(
      `it asks for the class ${quote(`${module}.${name}`)}, which could run code when loaded and is refused; ` +
        "save the model's state_dict alone",
    )
  }

  #call(callee: PickleValue, args: PickleValue): PickleValue {
    if (isPickleClass(callee) && callee.call && Array.isArray(args)) return callee.call(args, this.#fail)
    throw this.#fail(
      `it calls ${isPickleClass(callee) ? callee.name : 'what is not a function'}, which is refused`,
    )
  }

  /** Drops the attributes of an OrderedDict: torch puts the versions of a model's modules there. */
  #build(): true {
    this.#pop()
    if (this.#stack.at(-1) instanceof Map) return true
    throw this.#fail('it sets attributes of what is not a dict, which is refused')
  }

  #line(): string {
    const start = this.#reader.offset
    while (this.#reader.u8() !== 0x0a);
    const length = this.#reader.offset - start
    this.#reader.offset = start
    return this.#reader.text(length, 'a name').slice(0, -1)
  }

  #long(bytes: Uint8Array): number {
    let value = 0n
    for (const byte of bytes.toReversed()) value = (value << 8n) | BigInt(byte)
    const signed = BigInt.asIntN(8 * bytes.length, value)
    if (BigInt.asIntN(54, signed) !== signed) throw this.#fail('an integer is beyond 2^53')
    return Number(signed)
  }
}

function bigEndianFloat(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0)
}
