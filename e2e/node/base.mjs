// What both Node drivers have in common; the protocol is that of drivers/base.py.

import { createInterface } from 'node:readline'

export class Refused extends Error {
  constructor(text, code = 0, kind = 'rpc') {
    super(text)
    this.text = text
    this.code = code
    this.kind = kind
  }
}

// Libraries log to stdout now and then; the protocol must stay alone on it.
const out = process.stdout.write.bind(process.stdout)
console.log = console.info = console.debug = (...args) => console.error(...args)

function write(row) {
  out(`${JSON.stringify(row)}\n`)
}

export function emit(client, event, fields) {
  write({ event, client, ...fields })
}

export function userRow(id, first, last, phone, username, more) {
  return {
    id, first: first ?? '', last: last ?? '', phone: (phone ?? '').replace(/^\+/, ''),
    username: username ?? null, self: false, status: null, contact: false, ...more,
  }
}

export function messageRow(id, chat, from, isOut, text, date, more) {
  return {
    id, chat, from, out: Boolean(isOut), text: text ?? '', date, reply_to: null, entities: [],
    forward_from: null, ttl: null, silent: false, pinned: false, edited: false, service: null,
    reactions: [], ...more,
  }
}

// `commands` holds one async function per command; `translate` turns the library's errors into Refused.
export function serve({ library, version, layer, transports, commands, translate }) {
  commands.hello = async () => ({
    library, version, layer, transports, commands: Object.keys(commands).sort(),
  })
  process.on('unhandledRejection', (e) => console.error('unhandled', e))
  process.on('uncaughtException', (e) => console.error('uncaught', e))
  createInterface({ input: process.stdin }).on('line', async (line) => {
    const request = JSON.parse(line)
    const answer = { id: request.id }
    try {
      const run = commands[request.cmd]
      if (!run) throw new Refused(`${library} has no ${request.cmd}`, 0, 'unsupported')
      answer.ok = (await run(request.client, request.args ?? {})) ?? null
    } catch (e) {
      const refused = e instanceof Refused ? e : translate(e)
      if (refused) {
        answer.error = { type: refused.kind, code: refused.code, text: refused.text }
      } else {
        console.error(e)
        answer.error = { type: 'driver', code: 0, text: String(e?.stack ?? e) }
      }
    }
    write(answer)
  }).on('close', () => process.exit(0))
}
