// GramJS as a driver. Its port is fixed in the library, so a socket class of ours names the server's.

import { createRequire } from 'node:module'

import { emit, messageRow, Refused, serve, userRow } from './base.mjs'

const require = createRequire(import.meta.url)
const { TelegramClient, Api } = require('telegram')
const { StringSession } = require('telegram/sessions')
const { Raw } = require('telegram/events')
const { PromisedNetSockets, PromisedWebSockets } = require('telegram/extensions')
const { Logger, LogLevel } = require('telegram/extensions/Logger')
const connection = require('telegram/network/connection')
const RSA = require('telegram/crypto/RSA')
const { LAYER } = require('telegram/tl/AllTLObjects')
const { version } = require('telegram/Version')
const bigInt = require('big-integer')

const clients = new Map()
const sessions = new Map()

const tcp = (server) => class extends PromisedNetSockets {
  connect(_port, _ip) {
    return super.connect(server.port, server.host)
  }
}
const ws = (server, scheme, port) => class extends PromisedWebSockets {
  getWebSocketLink() {
    return `${scheme}://${server.host}:${port}/apiws`
  }
}

const TRANSPORTS = {
  full: (s) => ({ connection: connection.ConnectionTCPFull, networkSocket: tcp(s) }),
  abridged: (s) => ({ connection: connection.ConnectionTCPAbridged, networkSocket: tcp(s) }),
  obfuscated: (s) => ({ connection: connection.ConnectionTCPObfuscated, networkSocket: tcp(s) }),
  websocket: (s) => ({ connection: connection.ConnectionTCPObfuscated, networkSocket: ws(s, 'ws', s.port) }),
  websocket_tls: (s) => ({ connection: connection.ConnectionTCPObfuscated, networkSocket: ws(s, 'wss', s.port) }),
}

const num = (v) => (v === undefined || v === null ? null : Number(v))

function rawUser(u) {
  return userRow(num(u.id), u.firstName, u.lastName, u.phone, u.username, {
    self: Boolean(u.self), contact: Boolean(u.contact),
    status: u.status ? u.status.className.replace('UserStatus', '').toLowerCase() : null,
  })
}

function reactionRows(reactions) {
  return (reactions?.results ?? []).map((r) => ({
    emoji: r.reaction.emoticon ?? null, count: r.count, chosen: r.chosenOrder != null,
  }))
}

function rawMessage(m, me) {
  const chat = num(m.peerId?.userId)
  const row = messageRow(m.id, chat, num(m.fromId?.userId) ?? (m.out ? me : chat), m.out, m.message, m.date, {
    reply_to: m.replyTo?.replyToMsgId ?? null, ttl: m.ttlPeriod ?? null, silent: Boolean(m.silent),
  })
  if (m.className === 'MessageService') {
    row.service = m.action.className.replace('MessageAction', '')
    row.period = m.action.period ?? null
    return row
  }
  row.entities = (m.entities ?? []).map((e) => ({
    type: e.className.replace('MessageEntity', '').toLowerCase(), offset: e.offset, length: e.length,
  }))
  row.pinned = Boolean(m.pinned)
  row.edited = m.editDate != null
  row.from_scheduled = Boolean(m.fromScheduled)
  row.forward_from = num(m.fwdFrom?.fromId?.userId) ?? m.fwdFrom?.fromName ?? null
  row.reactions = reactionRows(m.reactions)
  return row
}

const me = (client) => clients.get(client).e2eMe
const peerOf = (peer) => (peer === 'self' ? 'me' : bigInt(peer))
const input = (client, peer) => clients.get(client).getInputEntity(peerOf(peer))
const rows = (client, found) => [...found].map((m) => rawMessage(m, me(client)))

function onUpdate(client, u) {
  const self = me(client)
  switch (u.className) {
    case 'UpdateNewMessage':
      return emit(client, 'new_message', { message: rawMessage(u.message, self), pts: u.pts })
    case 'UpdateEditMessage':
      return emit(client, 'edited', { message: rawMessage(u.message, self), pts: u.pts })
    case 'UpdateDeleteMessages':
      return emit(client, 'deleted', { ids: u.messages, pts: u.pts })
    case 'UpdateReadHistoryOutbox':
      return emit(client, 'read_outbox', { chat: num(u.peer.userId), max_id: u.maxId, pts: u.pts })
    case 'UpdateReadHistoryInbox':
      return emit(client, 'read_inbox', { chat: num(u.peer.userId), max_id: u.maxId, pts: u.pts })
    case 'UpdateUserTyping':
      return emit(client, 'typing', { user: num(u.userId), action: u.action.className.replace(/^SendMessage|Action$/g, '').toLowerCase() })
    case 'UpdateUserStatus':
      return emit(client, 'status', { user: num(u.userId), status: u.status.className.replace('UserStatus', '').toLowerCase() })
    case 'UpdateMessageReactions':
      return emit(client, 'reactions', { chat: num(u.peer.userId), id: u.msgId, reactions: reactionRows(u.reactions) })
    case 'UpdateDraftMessage':
      return emit(client, 'draft', { chat: num(u.peer.userId), text: u.draft.message ?? null })
    case 'UpdatePinnedMessages':
      return emit(client, 'pinned', { chat: num(u.peer.userId), ids: u.messages, pinned: Boolean(u.pinned), pts: u.pts })
    case 'UpdatePeerHistoryTTL':
      return emit(client, 'ttl', { chat: num(u.peer.userId), period: u.ttlPeriod ?? null })
    case 'UpdateDialogUnreadMark':
      return emit(client, 'unread_mark', { chat: num(u.peer.peer.userId), unread: Boolean(u.unread) })
    case 'UpdateDialogPinned':
      return emit(client, 'dialog_pinned', { chat: num(u.peer.peer.userId), pinned: Boolean(u.pinned) })
    case 'UpdatePeerBlocked':
      return emit(client, 'blocked', { chat: num(u.peerId.userId), blocked: Boolean(u.blocked) })
    default:
      return emit(client, 'other', { type: u.className })
  }
}

const raw = (client, request) => clients.get(client).invoke(request)

async function finish(client) {
  const c = clients.get(client)
  const self = await c.getMe()
  c.e2eMe = num(self.id)
  return { user: rawUser(self) }
}

const commands = {
  async open(client, { server, transport, session, device }) {
    RSA._serverKeys.set(server.fingerprint, {
      fingerprint: bigInt(server.fingerprint), n: bigInt(server.modulus, 16), e: 65537,
    })
    const store = sessions.get(session) ?? new StringSession('')
    if (session) sessions.set(session, store)
    // The port is not used, and the library cannot save one above 32767.
    store.setDC(server.dc, server.host, 80)
    const c = new TelegramClient(store, 1, 'a'.repeat(32), {
      ...TRANSPORTS[transport ?? 'full'](server), deviceModel: device ?? 'e2e', floodSleepThreshold: 0,
      connectionRetries: 100, retryDelay: 1000, baseLogger: new Logger(LogLevel[process.env.E2E_GRAMJS_LOG ?? 'ERROR']),
    })
    c.addEventHandler((u) => onUpdate(client, u), new Raw({}))
    clients.set(client, c)
    await c.connect()
    if (!(await c.checkAuthorization())) return { authorized: false, me: null }
    const self = await c.getMe()
    c.e2eMe = num(self.id)
    return { authorized: true, me: rawUser(self) }
  },
  async close(client) {
    const c = clients.get(client)
    clients.delete(client)
    await c.disconnect()
  },
  connected: async (client) => clients.get(client).connected,

  async send_code(client, { phone }) {
    const c = clients.get(client)
    const sent = await c.invoke(new Api.auth.SendCode({ phoneNumber: phone, apiId: 1, apiHash: 'a'.repeat(32), settings: new Api.CodeSettings({}) }))
    c.e2ePhone = phone
    c.e2eHash = sent.phoneCodeHash
    return { hash: sent.phoneCodeHash, type: sent.type.className }
  },
  async sign_in(client, { code, phone, hash }) {
    const c = clients.get(client)
    const answer = await c.invoke(new Api.auth.SignIn({
      phoneNumber: phone ?? c.e2ePhone, phoneCodeHash: hash ?? c.e2eHash, phoneCode: code,
    }))
    if (answer.className === 'auth.AuthorizationSignUpRequired') return { sign_up_required: true }
    return finish(client)
  },
  async sign_up(client, { first, last }) {
    const c = clients.get(client)
    await c.invoke(new Api.auth.SignUp({ phoneNumber: c.e2ePhone, phoneCodeHash: c.e2eHash, firstName: first, lastName: last ?? '' }))
    return finish(client)
  },
  me: async (client) => rawUser((await raw(client, new Api.users.GetUsers({ id: [new Api.InputUserSelf()] })))[0]),
  log_out: async (client) => {
    await raw(client, new Api.auth.LogOut())
    return true
  },
  sessions: async (client) => (await raw(client, new Api.account.GetAuthorizations())).authorizations.map((a) => ({
    hash: a.hash.toString(), current: Boolean(a.current), device: a.deviceModel,
  })),
  kill_session: (client, { hash }) => raw(client, new Api.account.ResetAuthorization({ hash: bigInt(hash) })),
  update_profile: async (client, { first, last, about }) =>
    rawUser(await raw(client, new Api.account.UpdateProfile({ firstName: first, lastName: last, about }))),
  set_username: async (client, { username }) => rawUser(await raw(client, new Api.account.UpdateUsername({ username }))),
  online: (client, { online }) => raw(client, new Api.account.UpdateStatus({ offline: online === false })),

  async import_contact(client, { phone, first, last }) {
    const answer = await raw(client, new Api.contacts.ImportContacts({
      contacts: [new Api.InputPhoneContact({ clientId: bigInt(1), phone, firstName: first, lastName: last ?? '' })],
    }))
    const imported = new Set(answer.imported.map((i) => num(i.userId)))
    return answer.users.filter((u) => imported.has(num(u.id))).map(rawUser)
  },
  contacts: async (client) => (await raw(client, new Api.contacts.GetContacts({ hash: bigInt(0) }))).users.map(rawUser),
  search_people: async (client, { q }) => (await raw(client, new Api.contacts.Search({ q, limit: 20 }))).users.map(rawUser),
  resolve_username: async (client, { username }) => rawUser(await clients.get(client).getEntity(username)),
  resolve_phone: async (client, { phone }) => rawUser((await raw(client, new Api.contacts.ResolvePhone({ phone }))).users[0]),
  get_user: async (client, { peer }) => rawUser(await clients.get(client).getEntity(peerOf(peer))),
  async block(client, { peer, blocked }) {
    const id = await input(client, peer)
    return raw(client, blocked === false ? new Api.contacts.Unblock({ id }) : new Api.contacts.Block({ id }))
  },

  async send(client, { peer, text, reply_to: replyTo, silent, schedule_in: scheduleIn, entities }) {
    const names = { bold: 'Bold', italic: 'Italic', code: 'Code', strike: 'Strike', underline: 'Underline', spoiler: 'Spoiler' }
    const m = await clients.get(client).sendMessage(peerOf(peer), {
      message: text, replyTo: replyTo ?? undefined, silent: silent ?? undefined, linkPreview: false,
      formattingEntities: (entities ?? []).map((e) => new Api[`MessageEntity${names[e.type]}`]({ offset: e.offset, length: e.length })),
      schedule: scheduleIn ? Math.floor(Date.now() / 1000) + scheduleIn : undefined,
    })
    return rawMessage(m, me(client))
  },
  async edit(client, { peer, id, text }) {
    return rawMessage(await clients.get(client).editMessage(peerOf(peer), { message: id, text, parseMode: false }), me(client))
  },
  async delete(client, { peer, ids, revoke }) {
    await clients.get(client).deleteMessages(peerOf(peer), ids, { revoke: revoke ?? true })
    return { pts_count: null }
  },
  async delete_history(client, { peer, revoke, just_clear: justClear }) {
    await raw(client, new Api.messages.DeleteHistory({ peer: await input(client, peer), maxId: 0, revoke, justClear }))
  },
  async forward(client, { source, ids, to }) {
    const sent = await clients.get(client).forwardMessages(peerOf(to), { messages: ids, fromPeer: peerOf(source) })
    return rows(client, sent.flat())
  },
  async read(client, { peer, max_id: maxId }) {
    await clients.get(client).markAsRead(peerOf(peer), undefined, { maxId: maxId ?? 0 })
  },
  async typing(client, { peer, action }) {
    const kind = action === 'cancel' ? new Api.SendMessageCancelAction() : new Api.SendMessageTypingAction()
    return raw(client, new Api.messages.SetTyping({ peer: await input(client, peer), action: kind }))
  },
  async history(client, { peer, limit = 100, ...offsets }) {
    const answer = await raw(client, new Api.messages.GetHistory({
      peer: await input(client, peer), limit, offsetId: offsets.offset_id ?? 0, offsetDate: offsets.offset_date ?? 0,
      addOffset: offsets.add_offset ?? 0, maxId: offsets.max_id ?? 0, minId: offsets.min_id ?? 0, hash: bigInt(0),
    }))
    return rows(client, answer.messages)
  },
  async walk(client, { peer, reverse }) {
    const found = []
    for await (const m of clients.get(client).iterMessages(peerOf(peer), { reverse })) found.push(m)
    return rows(client, found)
  },
  async get_messages(client, { peer, ids }) {
    const found = await clients.get(client).getMessages(peerOf(peer), { ids })
    return [...found].map((m) => (m ? rawMessage(m, me(client)) : null))
  },
  search: async (client, { peer, q, limit }) =>
    rows(client, await clients.get(client).getMessages(peerOf(peer), { search: q, limit: limit ?? 100 })),
  search_global: async (client, { q, limit }) =>
    rows(client, await clients.get(client).getMessages(undefined, { search: q, limit: limit ?? 100 })),
  async dialogs(client, { limit }) {
    const found = []
    for await (const d of clients.get(client).iterDialogs({ limit: limit ?? undefined })) {
      found.push({
        peer: num(d.entity.id), top: d.dialog.topMessage, unread: d.unreadCount, pinned: Boolean(d.pinned),
        unread_mark: Boolean(d.dialog.unreadMark), read_in: d.dialog.readInboxMaxId, read_out: d.dialog.readOutboxMaxId,
        draft: d.dialog.draft?.message ?? null, ttl: d.dialog.ttlPeriod ?? null,
      })
    }
    return found
  },
  async pin(client, { peer, id, both }) {
    await raw(client, new Api.messages.UpdatePinnedMessage({ peer: await input(client, peer), id, silent: true, pmOneside: both === false }))
  },
  async unpin(client, { peer, id }) {
    await clients.get(client).unpinMessage(peerOf(peer), id)
  },
  async save_draft(client, { peer, text }) {
    return raw(client, new Api.messages.SaveDraft({ peer: await input(client, peer), message: text }))
  },
  async mark_unread(client, { peer, unread }) {
    const target = new Api.InputDialogPeer({ peer: await input(client, peer) })
    return raw(client, new Api.messages.MarkDialogUnread({ peer: target, unread: unread !== false }))
  },
  async pin_dialog(client, { peer, pinned }) {
    const target = new Api.InputDialogPeer({ peer: await input(client, peer) })
    return raw(client, new Api.messages.ToggleDialogPin({ peer: target, pinned: pinned !== false }))
  },
  async react(client, { peer, id, emoji }) {
    await raw(client, new Api.messages.SendReaction({
      peer: await input(client, peer), msgId: id, reaction: emoji ? [new Api.ReactionEmoji({ emoticon: emoji })] : undefined,
    }))
  },
  async set_ttl(client, { peer, period }) {
    await raw(client, new Api.messages.SetHistoryTTL({ peer: await input(client, peer), period }))
  },
  async scheduled(client, { peer }) {
    return rows(client, (await raw(client, new Api.messages.GetScheduledHistory({ peer: await input(client, peer), hash: bigInt(0) }))).messages)
  },
  async delete_scheduled(client, { peer, ids }) {
    await raw(client, new Api.messages.DeleteScheduledMessages({ peer: await input(client, peer), id: ids }))
  },
  async state(client) {
    const s = await raw(client, new Api.updates.GetState())
    return { pts: s.pts, qts: s.qts, date: s.date, seq: s.seq }
  },
}

function translate(e) {
  if (e?.constructor?.name === 'FloodWaitError') return new Refused(`FLOOD_WAIT_${e.seconds}`, 420)
  if (/^No user has /.test(e?.message)) return new Refused(e.message, 0, 'client')
  if (typeof e?.errorMessage === 'string') return new Refused(e.errorMessage, e.code ?? 0)
  return null
}

serve({ library: 'gramjs', version, layer: LAYER, transports: Object.keys(TRANSPORTS), commands, translate })
