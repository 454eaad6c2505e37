// mtcute as a driver: high-level methods where the library has them, raw calls elsewhere.

import { readFileSync } from 'node:fs'
import {
  IntermediatePacketCodec, MemoryStorage, MtUnsupportedError, networkMiddlewares,
  ObfuscatedPacketCodec, PaddedIntermediatePacketCodec,
} from '@mtcute/core'
import { addPublicKey } from '@mtcute/core/utils.js'
import { MtProxyTcpTransport, TcpTransport, TelegramClient, tl } from '@mtcute/node'
import { NodeCryptoProvider } from '@mtcute/node/utils.js'
import Long from 'long'

import { emit, messageRow, Refused, serve, userRow } from './base.mjs'

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.resolve('@mtcute/core'))))
const clients = new Map()
const storages = new Map()
const keys = new NodeCryptoProvider()
await keys.initialize?.()

class Codec extends TcpTransport {
  constructor(make) {
    super()
    this.make = make
  }

  packetCodec() {
    return this.make()
  }
}

const TRANSPORTS = {
  intermediate: () => new TcpTransport(),
  padded: () => new Codec(() => new PaddedIntermediatePacketCodec()),
  obfuscated: () => new Codec(() => new ObfuscatedPacketCodec(new IntermediatePacketCodec())),
  proxy: (s) => new MtProxyTcpTransport({ host: s.host, port: s.port, secret: s.secret }),
  proxy_padded: (s) => new MtProxyTcpTransport({ host: s.host, port: s.port, secret: `dd${s.secret}` }),
  pfs: () => new TcpTransport(),
}

const lower = (name, prefix) => name.slice(prefix.length).toLowerCase()

function rawUser(u) {
  return userRow(u.id, u.firstName, u.lastName, u.phone, u.username, {
    self: Boolean(u.self), contact: Boolean(u.contact),
    status: u.status ? lower(u.status._, 'userStatus') : null,
  })
}

function reactionRows(reactions) {
  return (reactions?.results ?? []).map((r) => ({
    emoji: r.reaction.emoticon ?? null, count: r.count, chosen: r.chosenOrder !== undefined,
  }))
}

function rawMessage(m, me) {
  const chat = m.peerId.userId ?? null
  const row = messageRow(m.id, chat, m.fromId?.userId ?? (m.out ? me : chat), m.out, m.message, m.date, {
    reply_to: m.replyTo?.replyToMsgId ?? null, ttl: m.ttlPeriod ?? null, silent: Boolean(m.silent),
  })
  if (m._ === 'messageService') {
    row.service = m.action._.slice('messageAction'.length)
    row.period = m.action.period ?? null
    return row
  }
  row.entities = (m.entities ?? []).map((e) => ({
    type: lower(e._, 'messageEntity'), offset: e.offset, length: e.length,
  }))
  row.pinned = Boolean(m.pinned)
  row.edited = m.editDate !== undefined
  row.from_scheduled = Boolean(m.fromScheduled)
  row.forward_from = m.fwdFrom?.fromId?.userId ?? m.fwdFrom?.fromName ?? null
  row.reactions = reactionRows(m.reactions)
  return row
}

const me = (client) => clients.get(client).e2eMe
// A high-level message, after its wrappers have been walked: they throw on a missing peer.
function row(client, m) {
  void m.chat.id
  void m.sender.id
  return rawMessage(m.raw, me(client))
}

const peerOf = (peer) => (peer === 'self' ? 'me' : peer)
const input = (client, peer) => clients.get(client).resolvePeer(peerOf(peer))
const RULES = { everybody: 'AllowAll', contacts: 'AllowContacts', nobody: 'DisallowAll' }
const PRIVACY = { phone: 'PhoneNumber', last_seen: 'StatusTimestamp', messages: 'NoPaidMessages' }

function rules(answer) {
  const names = Object.fromEntries(Object.entries(RULES).map(([k, v]) => [`privacyValue${v}`, k]))
  return answer.rules.map((r) => names[r._] ?? r._)
}

function onUpdate(client, { update: u }) {
  const self = me(client)
  switch (u._) {
    case 'updateNewMessage':
      return emit(client, 'new_message', { message: rawMessage(u.message, self), pts: u.pts })
    case 'updateEditMessage':
      return emit(client, 'edited', { message: rawMessage(u.message, self), pts: u.pts })
    case 'updateDeleteMessages':
      return emit(client, 'deleted', { ids: u.messages, pts: u.pts })
    case 'updateReadHistoryOutbox':
      return emit(client, 'read_outbox', { chat: u.peer.userId, max_id: u.maxId, pts: u.pts })
    case 'updateReadHistoryInbox':
      return emit(client, 'read_inbox', { chat: u.peer.userId, max_id: u.maxId, pts: u.pts })
    case 'updateUserTyping':
      return emit(client, 'typing', { user: u.userId, action: u.action._.replace(/^sendMessage|Action$/g, '').toLowerCase() })
    case 'updateUserStatus':
      return emit(client, 'status', { user: u.userId, status: lower(u.status._, 'userStatus') })
    case 'updateMessageReactions':
      return emit(client, 'reactions', { chat: u.peer.userId ?? null, id: u.msgId, reactions: reactionRows(u.reactions) })
    case 'updateDraftMessage':
      return emit(client, 'draft', { chat: u.peer.userId ?? null, text: u.draft.message ?? null })
    case 'updatePinnedMessages':
      return emit(client, 'pinned', { chat: u.peer.userId ?? null, ids: u.messages, pinned: Boolean(u.pinned), pts: u.pts })
    case 'updatePeerHistoryTTL':
      return emit(client, 'ttl', { chat: u.peer.userId ?? null, period: u.ttlPeriod ?? null })
    case 'updateDialogUnreadMark':
      return emit(client, 'unread_mark', { chat: u.peer.peer.userId, unread: Boolean(u.unread) })
    case 'updateDialogPinned':
      return emit(client, 'dialog_pinned', { chat: u.peer.peer.userId, pinned: Boolean(u.pinned) })
    case 'updatePeerBlocked':
      return emit(client, 'blocked', { chat: u.peerId.userId, blocked: Boolean(u.blocked) })
    default:
      return emit(client, 'other', { type: u._ })
  }
}

async function loggedIn(client, raw) {
  const c = clients.get(client)
  c.e2eMe = raw.id
  return rawUser(raw)
}

const commands = {
  async open(client, { server, transport, session, catch_up: catchUp, device }) {
    addPublicKey(keys, server.pem)
    const kind = transport ?? 'intermediate'
    const storage = storages.get(session) ?? new MemoryStorage()
    if (session) storages.set(session, storage)
    const dc = { id: server.dc, ipAddress: server.host, port: server.port }
    const c = new TelegramClient({
      apiId: 1, apiHash: 'a'.repeat(32), storage, transport: TRANSPORTS[kind](server),
      defaultDcs: { main: dc, media: { ...dc, mediaOnly: true } }, logLevel: Number(process.env.E2E_MTCUTE_LOG ?? 1),
      initConnectionOptions: { deviceModel: device ?? 'e2e' }, updates: { catchUp: Boolean(catchUp) },
      network: { usePfs: kind === 'pfs', middlewares: networkMiddlewares.basic({ floodWaiter: { maxWait: 0 } }) },
    })
    c.onRawUpdate.add((info) => onUpdate(client, info))
    c.onError.add((e) => console.error('mtcute', e))
    clients.set(client, c)
    await c.connect()
    try {
      const self = await c.getMe()
      const known = await loggedIn(client, self.raw)
      await c.notifyLoggedIn(self.raw)
      return { authorized: true, me: known }
    } catch (e) {
      if (!tl.RpcError.is(e, 'AUTH_KEY_UNREGISTERED')) throw e
      return { authorized: false, me: null }
    }
  },

  async close(client) {
    const c = clients.get(client)
    clients.delete(client)
    await c.destroy()
  },

  async connected(client) {
    return clients.get(client).isConnected ?? true
  },

  async catch_up(client) {
    // The public way is the option at start; this is what it calls.
    clients.get(client)._client.updates.catchUp()
  },

  async send_code(client, { phone }) {
    const c = clients.get(client)
    const sent = await c.sendCode({ phone })
    c.e2ePhone = phone
    c.e2eHash = sent.phoneCodeHash
    return { hash: sent.phoneCodeHash, type: sent.type }
  },

  async sign_in(client, { code, phone, hash }) {
    const c = clients.get(client)
    try {
      const user = await c.signIn({ phone: phone ?? c.e2ePhone, phoneCodeHash: hash ?? c.e2eHash, phoneCode: code })
      return { user: await loggedIn(client, user.raw) }
    } catch (e) {
      // The library refuses to sign up; the suite does it by the raw call.
      if (e instanceof MtUnsupportedError) return { sign_up_required: true }
      throw e
    }
  },

  async sign_up(client, { first, last }) {
    const c = clients.get(client)
    const auth = await c.call({
      _: 'auth.signUp', phoneNumber: c.e2ePhone, phoneCodeHash: c.e2eHash, firstName: first, lastName: last ?? '',
    })
    return { user: await loggedIn(client, await c.notifyLoggedIn(auth)) }
  },

  me: async (client) => rawUser((await clients.get(client).getMe()).raw),

  async log_out(client) {
    const c = clients.get(client)
    await c.logOut()
    return true
  },

  async sessions(client) {
    const answer = await clients.get(client).call({ _: 'account.getAuthorizations' })
    return answer.authorizations.map((a) => ({ hash: a.hash.toString(), current: Boolean(a.current), device: a.deviceModel }))
  },

  kill_session: (client, { hash }) => clients.get(client).call({ _: 'account.resetAuthorization', hash: Long.fromString(hash) }),

  update_profile: async (client, { first, last, about }) =>
    rawUser((await clients.get(client).updateProfile({ firstName: first, lastName: last, bio: about })).raw),
  set_username: async (client, { username }) => rawUser((await clients.get(client).setMyUsername(username)).raw),
  online: (client, { online }) => clients.get(client).call({ _: 'account.updateStatus', offline: online === false }),

  get_privacy: async (client, { key }) => rules(await clients.get(client).call({
    _: 'account.getPrivacy', key: { _: `inputPrivacyKey${PRIVACY[key]}` },
  })),
  set_privacy: async (client, { key, rule }) => rules(await clients.get(client).call({
    _: 'account.setPrivacy', key: { _: `inputPrivacyKey${PRIVACY[key]}` }, rules: [{ _: `inputPrivacyValue${RULES[rule]}` }],
  })),

  async qr_export(client) {
    const c = clients.get(client)
    return new Promise((resolve, reject) => {
      c.e2eQr = c.signInQr({ onUrlUpdated: (url) => resolve(new URL(url).searchParams.get('token')) })
      c.e2eQr.catch(reject)
    })
  },
  qr_wait: async (client) => loggedIn(client, (await clients.get(client).e2eQr).raw),
  qr_accept: async (client, { token }) => {
    const answer = await clients.get(client).call({ _: 'auth.acceptLoginToken', token: Buffer.from(token, 'base64url') })
    return { device: answer.deviceModel }
  },

  async import_contact(client, { phone, first, last }) {
    const answer = await clients.get(client).importContacts([{ phone, firstName: first, lastName: last ?? '' }])
    const imported = new Set(answer.imported.map((i) => i.userId))
    return answer.users.filter((u) => imported.has(u.id)).map(rawUser)
  },
  add_contact: async (client, { peer, first, last, phone }) =>
    rawUser((await clients.get(client).addContact({ userId: peer, firstName: first, lastName: last, phone })).raw),
  delete_contact: async (client, { peer }) => void (await clients.get(client).deleteContacts(peer)),
  contacts: async (client) => (await clients.get(client).getContacts()).map((u) => rawUser(u.raw)),
  search_people: async (client, { q }) =>
    (await clients.get(client).call({ _: 'contacts.search', q, limit: 20 })).users.map(rawUser),
  resolve_username: async (client, { username }) => {
    const c = clients.get(client)
    await c.resolvePeer(username)
    return rawUser((await c.getUsers(username))[0].raw)
  },
  resolve_phone: async (client, { phone }) => {
    const answer = await clients.get(client).call({ _: 'contacts.resolvePhone', phone })
    return rawUser(answer.users[0])
  },
  get_user: async (client, { peer }) => rawUser((await clients.get(client).getUsers(peer))[0].raw),
  async full_user(client, { peer }) {
    const c = clients.get(client)
    const p = await input(client, peer)
    const id = p._ === 'inputPeerSelf' ? { _: 'inputUserSelf' } : { _: 'inputUser', userId: p.userId, accessHash: p.accessHash }
    const { fullUser } = await c.call({ _: 'users.getFullUser', id })
    return { about: fullUser.about ?? null, blocked: Boolean(fullUser.blocked), pinned: fullUser.pinnedMsgId ?? null, ttl: fullUser.ttlPeriod ?? null }
  },
  async block(client, { peer, blocked }) {
    const c = clients.get(client)
    await (blocked === false ? c.unblockUser(peer) : c.blockUser(peer))
    return true
  },
  async blocked(client) {
    const answer = await clients.get(client).call({ _: 'contacts.getBlocked', offset: 0, limit: 100 })
    return answer.blocked.map((b) => b.peerId.userId)
  },

  async send(client, { peer, text, entities, reply_to: replyTo, silent, schedule_in: scheduleIn }) {
    const names = { code: 'Code', bold: 'Bold', italic: 'Italic', strike: 'Strike', underline: 'Underline', spoiler: 'Spoiler' }
    const body = entities
      ? { text, entities: entities.map((e) => ({ _: `messageEntity${names[e.type]}`, offset: e.offset, length: e.length })) }
      : text
    const m = await clients.get(client).sendText(peerOf(peer), body, {
      replyTo: replyTo ?? undefined, silent: silent ?? undefined, disableWebPreview: true,
      schedule: scheduleIn ? new Date(Date.now() + scheduleIn * 1000) : undefined,
    })
    return row(client, m)
  },

  async send_raw(client, { peer, text, random_id: randomId }) {
    const answer = await clients.get(client).call({
      _: 'messages.sendMessage', peer: await input(client, peer), message: text, randomId: Long.fromString(String(randomId)),
    })
    clients.get(client).handleClientUpdate(answer)
    const ids = answer.updates.filter((u) => u._ === 'updateMessageID').map((u) => u.id)
    const fresh = answer.updates.find((u) => u._ === 'updateNewMessage')
    return { id: ids[0] ?? null, pts: fresh?.pts ?? null, ids }
  },

  edit: async (client, { peer, id, text }) =>
    row(client, await clients.get(client).editMessage({ chatId: peerOf(peer), message: id, text })),
  async delete(client, { peer, ids, revoke }) {
    await clients.get(client).deleteMessagesById(peerOf(peer), ids, { revoke: revoke ?? true })
    return { pts_count: null }
  },
  delete_history: async (client, { peer, revoke, just_clear: justClear }) =>
    void (await clients.get(client).deleteHistory(peerOf(peer), { mode: revoke ? 'revoke' : justClear ? 'clear' : 'delete' })),
  forward: async (client, { source, ids, to }) =>
    (await clients.get(client).forwardMessagesById({ fromChatId: peerOf(source), messages: ids, toChatId: peerOf(to) })).map((m) => row(client, m)),
  read: async (client, { peer, max_id: maxId }) => void (await clients.get(client).readHistory(peerOf(peer), { maxId: maxId ?? 0 })),
  typing: async (client, { peer, action }) => {
    await clients.get(client).sendTyping(peerOf(peer), action ?? 'typing')
    return true
  },

  async history(client, { peer, limit = 100, ...offsets }) {
    const c = clients.get(client)
    const page = await c.getHistory(peerOf(peer), {
      limit, offset: { id: offsets.offset_id ?? 0, date: offsets.offset_date ?? 0 }, addOffset: offsets.add_offset ?? 0,
      minId: offsets.min_id ?? 0, maxId: offsets.max_id ?? 0,
    })
    return page.map((m) => row(client, m))
  },
  async walk(client, { peer, reverse }) {
    const found = []
    for await (const m of clients.get(client).iterHistory(peerOf(peer), { reverse })) found.push(row(client, m))
    return found
  },
  get_messages: async (client, { peer, ids }) =>
    (await clients.get(client).getMessages(peerOf(peer), ids)).map((m) => (m ? row(client, m) : null)),
  search: async (client, { peer, q, limit }) =>
    (await clients.get(client).searchMessages({ chatId: peerOf(peer), query: q, limit: limit ?? 100 })).map((m) => row(client, m)),
  search_global: async (client, { q, limit }) =>
    (await clients.get(client).searchGlobal({ query: q, limit: limit ?? 100 })).map((m) => row(client, m)),

  async dialogs(client, { limit }) {
    const rows = []
    for await (const d of clients.get(client).iterDialogs({ limit: limit ?? undefined })) {
      rows.push({
        peer: d.peer.id, top: d.raw.topMessage, unread: d.unreadCount, pinned: Boolean(d.isPinned),
        unread_mark: Boolean(d.isManuallyUnread), read_in: d.lastReadIngoing, read_out: d.lastReadOutgoing,
        draft: d.draftMessage?.text || null, ttl: d.ttlPeriod, last: d.lastMessage?.text ?? null,
      })
    }
    return rows
  },

  pin: async (client, { peer, id, both }) =>
    void (await clients.get(client).pinMessage({ chatId: peerOf(peer), message: id, bothSides: both !== false })),
  unpin: async (client, { peer, id }) => void (await clients.get(client).unpinMessage({ chatId: peerOf(peer), message: id })),
  async save_draft(client, { peer, text }) {
    await clients.get(client).saveDraft(peerOf(peer), text ? { message: text } : null)
    return true
  },
  mark_unread: async (client, { peer, unread }) => clients.get(client).call({
    _: 'messages.markDialogUnread', unread: unread !== false, peer: { _: 'inputDialogPeer', peer: await input(client, peer) },
  }),
  pin_dialog: async (client, { peer, pinned }) => clients.get(client).call({
    _: 'messages.toggleDialogPin', pinned: pinned !== false, peer: { _: 'inputDialogPeer', peer: await input(client, peer) },
  }),
  async react(client, { peer, id, emoji }) {
    await clients.get(client).sendReaction({ chatId: peerOf(peer), message: id, emoji: emoji ?? [] })
  },
  set_ttl: async (client, { peer, period }) => void (await clients.get(client).setChatTtl(peerOf(peer), period)),
  async scheduled(client, { peer }) {
    const found = await clients.get(client).getAllScheduledMessages(peerOf(peer))
    return found.map((m) => row(client, m))
  },
  delete_scheduled: async (client, { peer, ids }) => void (await clients.get(client).deleteScheduledMessages(peerOf(peer), ids)),
  send_scheduled: async (client, { peer, ids }) => void (await clients.get(client).sendScheduled(peerOf(peer), ids)),

  async state(client) {
    const s = await clients.get(client).call({ _: 'updates.getState' })
    return { pts: s.pts, qts: s.qts, date: s.date, seq: s.seq }
  },
}

function translate(e) {
  if (tl.RpcError.is(e)) {
    return new Refused(e.text.includes('%d') ? e.text.replace('%d', e.seconds ?? 0) : e.text, e.code)
  }
  if (['MtPeerNotFoundError', 'MtArgumentError', 'MtTypeAssertionError'].includes(e?.constructor?.name)) {
    return new Refused(`${e.constructor.name}: ${e.message}`, 0, 'client')
  }
  return null
}

serve({ library: 'mtcute', version, layer: tl.LAYER, transports: Object.keys(TRANSPORTS), commands, translate })
