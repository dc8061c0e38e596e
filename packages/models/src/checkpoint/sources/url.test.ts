import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CheckpointError } from '@mamba/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openCheckpoint } from '../open-checkpoint.ts'
import { countingBytes, writeSafetensors } from '../testing/write-safetensors.ts'
import type { HttpOptions } from './http.ts'
import { openSource } from './open-source.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => unknown

const content = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 7) % 251)
const quick: HttpOptions = { backOff: 1 }

let server: Server
let base: string
/** Each request: path, query and range. */
let requests: string[]
/** Answers by path; several answers to one path come in order, the last one again and again. */
let answers: Record<string, Answer[]>

beforeEach(async () => {
  requests = []
  answers = {}
  server = createServer((request, response) => {
    requests.push(`${request.url} ${request.headers.range}`)
    const queue = answers[request.url!.split('?')[0]!] ?? [status(404)]
    const answer = queue.length > 1 ? queue.shift()! : queue[0]!
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const status =
  (code: number, body = ''): Answer =>
  (_, response) =>
    response.writeHead(code).end(body)

const redirect =
  (to: string): Answer =>
  (_, response) =>
    response.writeHead(302, { Location: to }).end()

/** Serves ranges of `bytes`. */
const ranges =
  (bytes: Uint8Array, headers: Record<string, string> = {}): Answer =>
  (request, response) => {
    const [begin, last] = request.headers.range!.slice('bytes='.length).split('-').map(Number) as [
      number,
      number,
    ]
    const end = Math.min(last + 1, bytes.length)
    if (begin >= bytes.length)
      return response.writeHead(416, { 'Content-Range': `bytes */${bytes.length}` }).end()
    const range = `bytes ${begin}-${end - 1}/${bytes.length}`
    return response.writeHead(206, { 'Content-Range': range, ...headers }).end(bytes.subarray(begin, end))
  }

/** Serves a range as `ranges` does, but cuts the connection after `count` bytes. */
const cut =
  (bytes: Uint8Array, count: number): Answer =>
  (request, response) => {
    const [begin, last] = request.headers.range!.slice('bytes='.length).split('-').map(Number) as [
      number,
      number,
    ]
    const end = Math.min(last + 1, bytes.length)
    const headers = {
      'Content-Range': `bytes ${begin}-${end - 1}/${bytes.length}`,
      'Content-Length': end - begin,
    }
    response.writeHead(206, headers)
    response.write(bytes.subarray(begin, begin + count), () => setTimeout(() => response.destroy(), 20))
  }

const whole =
  (bytes: Uint8Array, type = 'application/octet-stream'): Answer =>
  (_, response) =>
    response.writeHead(200, { 'Content-Type': type }).end(bytes)

const open = async (path: string, options = quick) => {
  const source = await openSource(`${base}${path}`, options)
  return source.open(source.file!)
}

test('reads ranges; what came with the first answer is not asked for again', async () => {
  answers['/m/model.gguf'] = [ranges(content)]
  const file = (await open('/m/model.gguf?token=secret'))!
  expect(file.name).toBe(`${base}/m/model.gguf`)
  expect(file.size).toBe(content.length)
  expect(await file.read(10, 100)).toEqual(content.subarray(10, 110))
  expect(await file.read(100_000, 50_000)).toEqual(content.subarray(100_000, 150_000))
  expect(await file.read(content.length, 0)).toEqual(new Uint8Array())
  expect(await file.read(0, content.length)).toEqual(content)
  expect(requests).toEqual([
    '/m/model.gguf?token=secret bytes=0-65535',
    '/m/model.gguf?token=secret bytes=100000-149999',
    '/m/model.gguf?token=secret bytes=0-199999',
  ])
})

test('a folder has files beside the named one; it cannot list them', async () => {
  answers['/m/config.json'] = [ranges(content.subarray(0, 5))]
  for (const address of ['/m', '/m/', '/m/model.gguf?token=secret']) {
    const source = await openSource(`${base}${address}`, quick)
    expect(source.name).toBe(`${base}/m/`)
    expect(await source.list()).toBeUndefined()
    expect((await source.open('config.json'))!.size).toBe(5)
    expect(await source.open('missing.json')).toBeUndefined()
  }
  expect(requests).not.toContain('/m/config.json?token=secret bytes=0-65535')
})

test('loads a checkpoint by probing names, and its tensors one by one', async () => {
  const entry = { dtype: 'F32', shape: [2], data_offsets: [0, 8] }
  answers['/m/model.safetensors'] = [ranges(writeSafetensors({ w: entry }, countingBytes(8)))]
  const checkpoint = await openCheckpoint(await openSource(`${base}/m`, quick))
  expect(await checkpoint.read('w')).toEqual(countingBytes(8))
  expect(requests).toEqual([
    '/m/model.safetensors.index.json bytes=0-65535',
    '/m/model.safetensors bytes=0-65535',
  ])
  await expect(openCheckpoint(await openSource(`${base}/none`, quick))).rejects.toThrow(
    `${base}/none/: there are no weights: looked for model.safetensors.index.json, model.safetensors, `,
  )
})

test('names with special characters are encoded', async () => {
  answers['/a%20b/%23%C3%BC.gguf'] = [ranges(content)]
  expect((await open('/a%20b/%23ü.gguf'))!.size).toBe(content.length)
})

test('redirects are followed', async () => {
  answers['/m/model.gguf'] = [redirect('/cdn/1')]
  answers['/cdn/1'] = [ranges(content)]
  const file = (await open('/m/model.gguf'))!
  expect(await file.read(100_000, 10)).toEqual(content.subarray(100_000, 100_010))
})

test('an empty file and one smaller than the first block are read', async () => {
  answers['/0.bin'] = [ranges(new Uint8Array())]
  answers['/5.bin'] = [ranges(content.subarray(0, 5))]
  expect((await open('/0.bin'))!.size).toBe(0)
  expect(await (await open('/5.bin'))!.read(1, 4)).toEqual(content.subarray(1, 5))
})

test('a server without ranges is read whole, up to a limit', async () => {
  answers['/m/model.gguf'] = [whole(content)]
  const file = (await open('/m/model.gguf'))!
  expect(await file.read(100_000, 10)).toEqual(content.subarray(100_000, 100_010))
  expect(requests).toHaveLength(1)
  const message = `${base}/m/model.gguf: the server does not serve ranges, and the file is larger than the 1000 bytes`
  await expect(open('/m/model.gguf', { ...quick, maxWholeFile: 1000 })).rejects.toThrow(message)
  // Without a Content-Length, the limit holds while the bytes come.
  answers['/m/model.gguf'] = [
    (_, response) => {
      response.writeHead(200)
      response.write(content)
      response.end()
    },
  ]
  await expect(open('/m/model.gguf', { ...quick, maxWholeFile: 1000 })).rejects.toThrow(message)
})

test('a page instead of a file is no such file', async () => {
  answers['/m/model.gguf'] = [whole(content, 'text/html; charset=utf-8')]
  expect(await open('/m/model.gguf')).toBeUndefined()
})

test.each([404, 410])('status %s is no such file', async (code) => {
  answers['/m/model.gguf'] = [status(code)]
  expect(await open('/m/model.gguf')).toBeUndefined()
  expect(requests).toHaveLength(1)
})

test.each([408, 429, 500, 502, 503, 504])('status %s is tried again', async (code) => {
  answers['/m/model.gguf'] = [status(code), ranges(content), status(code), status(code), ranges(content)]
  const file = (await open('/m/model.gguf'))!
  expect(await file.read(100_000, 10)).toEqual(content.subarray(100_000, 100_010))
  expect(requests).toHaveLength(5)
})

test('after a cut, only the rest is asked for', async () => {
  answers['/m/model.gguf'] = [cut(content, 1000), ranges(content), cut(content, 5000), ranges(content)]
  const file = (await open('/m/model.gguf'))!
  expect(await file.read(100_000, 90_000)).toEqual(content.subarray(100_000, 190_000))
  expect(requests.at(-1)).toBe('/m/model.gguf bytes=105000-189999')
})

describe('refuses, naming address and offset:', () => {
  const refusal = async (answer: Answer[], options = quick) => {
    answers['/m/model.gguf'] = answer
    const error = await open('/m/model.gguf?token=secret', options)
      .then((file) => file?.read(100_000, 50_000))
      .catch((error) => error)
    expect(CheckpointError.is(error, 'CheckpointError'), String(error)).toBe(true)
    expect(error.message).not.toContain('secret')
    return error.message.replaceAll(`${base}/m/model.gguf`, 'URL')
  }

  test('a server that stays broken', async () => {
    expect(await refusal([status(503)])).toBe('URL: HTTP 503 Service Unavailable; gave up after 4 attempts')
    expect(requests).toHaveLength(4)
    expect(await refusal([ranges(content), status(500)])).toBe(
      'URL: at offset 100000: HTTP 500 Internal Server Error; gave up after 4 attempts',
    )
  })

  test('a connection that is cut again and again', async () => {
    expect(await refusal([ranges(content), cut(content, 1000)])).toMatch(
      /^URL: at offset 104000: the connection broke \(.*\); gave up after 4 attempts$/,
    )
  })

  test('an answer that is too short, without the server saying so', async () => {
    const short: Answer = (request, response) => {
      const [begin, last] = request.headers.range!.slice('bytes='.length).split('-').map(Number) as [
        number,
        number,
      ]
      response.writeHead(206, { 'Content-Range': `bytes ${begin}-${last}/${content.length}` }).end('x')
    }
    expect(await refusal([ranges(content), short])).toBe(
      'URL: at offset 100004: the answer ended 49996 bytes too early; gave up after 4 attempts',
    )
  })

  test.each([401, 403])('status %s, without trying again', async (code) => {
    expect(await refusal([status(code)])).toMatch(/^URL: HTTP 40\d \w+; the server does not let you read it/)
    expect(requests).toHaveLength(1)
  })

  test('status 400 later on', async () => {
    expect(await refusal([ranges(content), status(400)])).toBe(
      'URL: at offset 100000: HTTP 400 Bad Request; expected 206 Partial Content',
    )
  })

  test('ranges that stop being served', async () => {
    expect(await refusal([ranges(content), whole(content)])).toBe(
      'URL: at offset 100000: HTTP 200 OK; expected 206 Partial Content',
    )
  })

  test.each([
    [undefined, 'null'],
    ['bytes 0-65535/*', '"bytes 0-65535/\\*"'],
    ['bytes 5-65540/200000', '"bytes 5-65540/200000"'],
    ['bytes 0-9/200000', '"bytes 0-9/200000"'],
    ['bytes 0-65535/99999999999999999999', '"bytes 0-65535/99999999999999999999"'],
    ['nonsense', '"nonsense"'],
  ])('the first Content-Range %s', async (range, shown) => {
    const wrong: Answer = (_, response) => {
      response
        .writeHead(206, range === undefined ? {} : { 'Content-Range': range })
        .end(content.subarray(0, 65_536))
    }
    expect(await refusal([wrong])).toMatch(
      new RegExp(`^URL: Content-Range is "?${shown}"? at offset 0; expected`),
    )
  })

  test('a later Content-Range of other bytes, or of another size', async () => {
    for (const range of ['bytes 0-49999/200000', 'bytes 100000-149999/200001']) {
      const wrong: Answer = (_, response) =>
        response.writeHead(206, { 'Content-Range': range }).end(content.subarray(0, 50_000))
      expect(await refusal([ranges(content), wrong])).toBe(
        `URL: at offset 100000: Content-Range is "${range}"; expected "bytes 100000-149999/200000"`,
      )
    }
  })

  test('a file that changed meanwhile', async () => {
    expect(await refusal([ranges(content, { ETag: '"1"' }), ranges(content, { ETag: '"2"' })])).toBe(
      'URL: at offset 100000: the file was changed meanwhile; load it again',
    )
  })

  test('a server that is not there', async () => {
    const source = await openSource('http://127.0.0.1:1/m', quick)
    await expect(source.open('config.json')).rejects.toThrow(
      /^http:\/\/127.0.0.1:1\/m\/config.json: no answer \(fetch failed: .*\); gave up after 4 attempts$/,
    )
  })

  test('a size that lies, without allocating it', async () => {
    const lie: Answer = (request, response) => {
      const range = request.headers.range!.replace('=', ' ')
      response.writeHead(206, { 'Content-Range': `${range}/${2 ** 52}` }).end(content.subarray(0, 65_536))
    }
    answers['/m/model.gguf'] = [lie]
    const file = (await open('/m/model.gguf'))!
    await expect(file.read(0, 2 ** 51)).rejects.toThrow('cannot hold 2251799813685248 bytes in one array')
  })
})

describe('an abort passes through as its reason,', () => {
  const reason = new Error('enough')

  test('before a request', async () => {
    answers['/m/model.gguf'] = [ranges(content)]
    const source = await openSource(`${base}/m/model.gguf`, quick)
    await expect(source.open('model.gguf', AbortSignal.abort(reason))).rejects.toBe(reason)
    const file = (await source.open('model.gguf'))!
    await expect(file.read(0, 1, AbortSignal.abort(reason))).rejects.toBe(reason)
  })

  test('while waiting for an answer', async () => {
    const stop = new AbortController()
    answers['/m/model.gguf'] = [() => stop.abort(reason)]
    const source = await openSource(`${base}/m/model.gguf`, quick)
    await expect(source.open('model.gguf', stop.signal)).rejects.toBe(reason)
    expect(requests).toHaveLength(1)
  })

  test('in the middle of a body', async () => {
    const stop = new AbortController()
    const stuck: Answer = (_, response) => {
      response.writeHead(206, { 'Content-Range': 'bytes 100000-149999/200000' })
      response.write(content.subarray(0, 10), () => setTimeout(() => stop.abort(reason), 20))
    }
    answers['/m/model.gguf'] = [ranges(content), stuck]
    const file = (await open('/m/model.gguf'))!
    await expect(file.read(100_000, 50_000, stop.signal)).rejects.toBe(reason)
    expect(requests).toHaveLength(2)
  })

  test('while waiting to try again', async () => {
    const stop = new AbortController()
    answers['/m/model.gguf'] = [
      (_, response) => {
        response.writeHead(503).end()
        setTimeout(() => stop.abort(reason), 50)
      },
    ]
    const source = await openSource(`${base}/m/model.gguf`, { backOff: 60_000 })
    await expect(source.open('model.gguf', stop.signal)).rejects.toBe(reason)
  })
})
