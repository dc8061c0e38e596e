import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import type { AddressInfo } from 'node:net'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A server on the loopback interface. */
export interface PageServer {
  readonly origin: string
  close(): void
}

const root = new URL('../../../../', import.meta.url)

/** Pages with these headers may share memory between threads. */
const isolation = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
}

const contentTypes: Readonly<Record<string, string>> = {
  '.wasm': 'application/wasm',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.ts': 'text/javascript',
}

/**
 * Serves the repository to a cross-origin isolated page: an empty page at `/`, a model at `/model.gguf`, and modules
 * at their paths, without their types and with addresses for the names of packages, so that no bundler comes between.
 */
export async function servePages(modelPath: string): Promise<PageServer> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    respond(pathname, modelPath, response).catch((error: unknown) => {
      response.writeHead(404, isolation).end(String(error))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { origin: `http://127.0.0.1:${port}`, close: () => server.close() }
}

async function respond(pathname: string, modelPath: string, response: ServerResponse): Promise<void> {
  if (pathname === '/') {
    response
      .writeHead(200, { ...isolation, 'content-type': 'text/html' })
      .end('<!doctype html><title>bench</title>')
    return
  }
  if (pathname === '/model.gguf') {
    const { size } = await stat(modelPath)
    response.writeHead(200, { ...isolation, 'content-length': size })
    createReadStream(modelPath).pipe(response)
    return
  }
  const url = new URL(`.${pathname}`, root)
  const type = contentTypes[extname(pathname)]
  if (!url.href.startsWith(root.href) || !type) throw new Error(`${pathname} is not served`)
  const bytes = await readFile(url)
  const body = type === 'text/javascript' ? asModule(bytes.toString(), url) : bytes
  response.writeHead(200, { ...isolation, 'content-type': type }).end(body)
}

function asModule(source: string, url: URL): string {
  const code = url.pathname.endsWith('.ts') ? stripTypeScriptTypes(source) : source
  return code.replace(/(\bfrom\s*['"])(@[\w./-]+)(?=['"])/g, (_match, before: string, name: string) => {
    const path = fileURLToPath(import.meta.resolve(name, url.href))
    return `${before}/${path.slice(fileURLToPath(root).length)}`
  })
}
