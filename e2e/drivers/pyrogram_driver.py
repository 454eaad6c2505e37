"""Pyrogram 2.0 and Kurigram as drivers: two packages of one name, told apart by what they hold.

Kurigram takes its server address as a constructor argument; Pyrogram has none, so the lookup of
its built-in addresses is answered per client (a context variable follows the client's tasks).
"""

import asyncio
import base64
import contextvars
import datetime
import importlib.metadata
import os

import pyrogram
import pyrogram.connection.connection as connection_module
import pyrogram.crypto.rsa as rsa
from pyrogram import Client, enums, errors, handlers, raw
from pyrogram.connection import transport as tcp
from pyrogram.raw.all import layer

import base
from base import Refused

KURIGRAM = hasattr(tcp, "TCPIntermediatePadded")
ADDRESS = contextvars.ContextVar("address")
PROTOCOL = contextvars.ContextVar("protocol")

PROTOCOLS = {
    "abridged": tcp.TCPAbridged, "intermediate": tcp.TCPIntermediate, "full": tcp.TCPFull,
    "obfuscated_abridged": tcp.TCPAbridgedO, "obfuscated_intermediate": tcp.TCPIntermediateO,
}
if KURIGRAM:
    PROTOCOLS["padded"] = tcp.TCPIntermediatePadded
    # Address and transport come by the proxy; the classes are the library's own choice.
    PROTOCOLS["proxy"] = tcp.TCPAbridged
    PROTOCOLS["proxy_padded"] = tcp.TCPIntermediatePadded
else:
    connection_module.DataCenter = lambda *_args, **_kw: ADDRESS.get()
    connection_module.TCPAbridged = lambda *args, **kw: PROTOCOL.get()(*args, **kw)

ACTIONS = {"typing": enums.ChatAction.TYPING, "cancel": enums.ChatAction.CANCEL}
ENTITIES = {
    "bold": enums.MessageEntityType.BOLD, "italic": enums.MessageEntityType.ITALIC,
    "code": enums.MessageEntityType.CODE, "strike": enums.MessageEntityType.STRIKETHROUGH,
    "underline": enums.MessageEntityType.UNDERLINE, "spoiler": enums.MessageEntityType.SPOILER,
}
ENTITY_NAMES = {"strikethrough": "strike", "text_link": "texturl", "bot_command": "botcommand",
                "phone_number": "phone"}
PRIVACY = {"phone": "PhoneNumber", "last_seen": "StatusTimestamp", "messages": "NoPaidMessages"}
RULES = {"everybody": "AllowAll", "contacts": "AllowContacts", "nobody": "DisallowAll"}
types = raw.types


def user_row(u):
    """A library's `User`, or a raw one."""
    if isinstance(u, types.User):
        status = type(u.status).__name__.removeprefix("UserStatus").lower() if u.status else None
        return base.user(u.id, u.first_name, u.last_name, u.phone, u.username, me=u.is_self,
                         status=status, contact=u.contact, deleted=u.deleted)
    status = u.status.name.lower() if u.status else None
    return base.user(u.id, u.first_name, u.last_name, u.phone_number, u.username, me=u.is_self,
                     status={"last_week": "lastweek", "last_month": "lastmonth"}.get(status, status),
                     contact=u.is_contact, deleted=u.is_deleted)


def raw_entities(entities):
    return [
        {"type": type(e).__name__.removeprefix("MessageEntity").lower(), "offset": e.offset,
         "length": e.length}
        for e in entities or []
    ]


def raw_reactions(reactions):
    return [
        {"emoji": getattr(r.reaction, "emoticon", None), "count": r.count,
         "chosen": r.chosen_order is not None}
        for r in (reactions.results if reactions else [])
    ]


def raw_row(m, self_id):
    chat = getattr(m.peer_id, "user_id", None)
    sender = getattr(m.from_id, "user_id", None) or (self_id if m.out else chat)
    row = base.message(
        m.id, chat, sender, m.out, getattr(m, "message", ""), m.date,
        reply_to=getattr(m.reply_to, "reply_to_msg_id", None), ttl=m.ttl_period,
        silent=bool(m.silent),
    )
    if isinstance(m, types.MessageService):
        row["service"] = type(m.action).__name__.removeprefix("MessageAction")
        row["period"] = getattr(m.action, "period", None)
    else:
        row["entities"] = raw_entities(m.entities)
        row["pinned"] = bool(m.pinned)
        row["edited"] = m.edit_date is not None
        row["from_scheduled"] = bool(m.from_scheduled)
        if m.fwd_from:
            row["forward_from"] = getattr(m.fwd_from.from_id, "user_id", None) or m.fwd_from.from_name
        row["reactions"] = raw_reactions(m.reactions)
    return row


class Pyrogram(base.Driver):
    library = "kurigram" if KURIGRAM else "pyrogram"
    version = importlib.metadata.version("kurigram" if KURIGRAM else "pyrogram")
    layer = layer
    transports = tuple(PROTOCOLS)

    # Connections.

    async def cmd_open(self, client, server, transport=None, session=None, catch_up=False,
                       device="e2e", no_retry=False):
        if catch_up and not KURIGRAM:
            raise Refused("the library has no catch-up", kind="unsupported")
        transport = transport or "abridged"
        rsa.server_public_keys[int(server["fingerprint"])] = rsa.PublicKey(int(server["modulus"], 16), 65537)
        ADDRESS.set((server["host"], server["port"]))
        PROTOCOL.set(PROTOCOLS[transport])
        place = {"in_memory": True} if not session else {"workdir": os.path.dirname(session)}
        options = {}
        if KURIGRAM:
            options = {
                "connection_factory": connection_to(server), "protocol_factory": PROTOCOLS[transport],
                "skip_updates": not catch_up, "loop": asyncio.get_running_loop(),
            }
            if transport.startswith("proxy"):
                marked = ("dd" if transport == "proxy_padded" else "") + server["secret"]
                options["proxy"] = f"tg://proxy?server={server['host']}&port={server['port']}&secret={marked}"
        c = Client(os.path.basename(session) if session else client, api_id=1, api_hash="a" * 32,
                   device_model=device, sleep_threshold=0, **place, **options)
        # The library tells coroutine handlers by inspection, so this cannot be a lambda.
        async def on_raw(_c, update, _users, _chats):
            await self.on_update(client, update)

        # In a group of its own: of each group only the first handler that fits is called.
        c.add_handler(handlers.RawUpdateHandler(on_raw), group=1)
        self.clients[client] = c
        authorized = await c.connect()
        me = None
        if authorized:
            try:
                me = await self.finish(c)
            except errors.Unauthorized:
                authorized = False
        return {"authorized": authorized, "me": user_row(me) if me else None}

    async def finish(self, c):
        """What the library's own `start()` does once the account is known."""
        state = await c.invoke(raw.functions.updates.GetState())
        if KURIGRAM and not await c.storage.get_update_states(0):
            from pyrogram.storage.storage import UpdateState
            await c.storage.set_update_state(UpdateState(0, state.pts, state.qts, state.date, state.seq))
        c.me = await c.get_me()
        if not c.is_initialized:
            await c.initialize()
        return c.me

    async def cmd_close(self, client):
        c = self.clients.pop(client)
        if c.is_initialized:
            await c.terminate()
        await c.disconnect()

    async def cmd_connected(self, client):
        return self.clients[client].session.is_started.is_set()

    if KURIGRAM:
        async def cmd_catch_up(self, client):
            await self.clients[client].recover_gaps()

    # Accounts.

    async def cmd_send_code(self, client, phone, for_sign_up=False):
        c = self.clients[client]
        sent = await c.send_code(phone)
        c.e2e_phone, c.e2e_hash = phone, sent.phone_code_hash
        return {"hash": sent.phone_code_hash, "type": sent.type.name}

    async def cmd_sign_in(self, client, code, phone=None, hash=None):
        c = self.clients[client]
        answer = await c.sign_in(phone or c.e2e_phone, hash or c.e2e_hash, code)
        if not isinstance(answer, pyrogram.types.User):
            return {"sign_up_required": True}
        return {"user": user_row(await self.finish(c))}

    async def cmd_sign_up(self, client, first, last=""):
        c = self.clients[client]
        await c.sign_up(c.e2e_phone, c.e2e_hash, first, last)
        return {"user": user_row(await self.finish(c))}

    async def cmd_me(self, client):
        return user_row(await self.clients[client].get_me())

    async def cmd_log_out(self, client):
        c = self.clients.pop(client)
        return await c.log_out()

    async def cmd_delete_account(self, client, reason=""):
        return await self.clients[client].invoke(raw.functions.account.DeleteAccount(reason=reason))

    async def cmd_sessions(self, client):
        answer = await self.clients[client].invoke(raw.functions.account.GetAuthorizations())
        return [
            {"hash": str(a.hash), "current": bool(a.current), "device": a.device_model}
            for a in answer.authorizations
        ]

    async def cmd_kill_session(self, client, hash):
        return await self.clients[client].invoke(
            raw.functions.account.ResetAuthorization(hash=int(hash)))

    async def cmd_update_profile(self, client, first=None, last=None, about=None):
        await self.clients[client].update_profile(first, last, about)
        return user_row(await self.clients[client].get_me())

    async def cmd_set_username(self, client, username):
        await self.clients[client].set_username(username)
        return user_row(await self.clients[client].get_me())

    async def cmd_online(self, client, online=True):
        return await self.clients[client].invoke(raw.functions.account.UpdateStatus(offline=not online))

    async def cmd_get_privacy(self, client, key):
        answer = await self.clients[client].invoke(
            raw.functions.account.GetPrivacy(key=getattr(types, "InputPrivacyKey" + PRIVACY[key])()))
        return self.rules(answer)

    async def cmd_set_privacy(self, client, key, rule):
        answer = await self.clients[client].invoke(raw.functions.account.SetPrivacy(
            key=getattr(types, "InputPrivacyKey" + PRIVACY[key])(),
            rules=[getattr(types, "InputPrivacyValue" + RULES[rule])()]))
        return self.rules(answer)

    @staticmethod
    def rules(answer):
        names = {"PrivacyValue" + v: k for k, v in RULES.items()}
        return [names.get(type(r).__name__, type(r).__name__) for r in answer.rules]

    if KURIGRAM:
        async def cmd_qr_export(self, client):
            from pyrogram.qrlogin import QRLogin
            c = self.clients[client]
            login = QRLogin(c)
            await login.recreate()
            c.e2e_qr = asyncio.create_task(login.wait(30))
            return base64.urlsafe_b64encode(login.r.token).decode()

        async def cmd_qr_wait(self, client):
            c = self.clients[client]
            await c.e2e_qr
            return user_row(await self.finish(c))

        async def cmd_qr_accept(self, client, token):
            answer = await self.clients[client].invoke(
                raw.functions.auth.AcceptLoginToken(token=base64.urlsafe_b64decode(token)))
            return {"device": answer.device_model}

    # People.

    async def cmd_import_contact(self, client, phone, first, last=""):
        contact = pyrogram.types.InputPhoneContact(phone, first, last)
        answer = await self.clients[client].import_contacts([contact])
        imported = {i.user_id for i in answer.imported}
        return [user_row(u) for u in answer.users if u.id in imported]

    async def cmd_add_contact(self, client, peer, first, last="", phone=""):
        return user_row(await self.clients[client].add_contact(peer, first, last, phone))

    async def cmd_delete_contact(self, client, peer):
        await self.clients[client].delete_contacts(peer)

    async def cmd_contacts(self, client):
        return [user_row(u) for u in await self.clients[client].get_contacts()]

    async def cmd_search_people(self, client, q):
        answer = await self.clients[client].invoke(raw.functions.contacts.Search(q=q, limit=20))
        return [user_row(u) for u in answer.users]

    async def cmd_resolve_username(self, client, username):
        return user_row(await self.clients[client].get_users(username))

    async def cmd_resolve_phone(self, client, phone):
        answer = await self.clients[client].invoke(raw.functions.contacts.ResolvePhone(phone=phone))
        return user_row(answer.users[0])

    async def cmd_get_user(self, client, peer):
        return user_row(await self.clients[client].get_users(peer))

    async def cmd_full_user(self, client, peer):
        c = self.clients[client]
        answer = await c.invoke(raw.functions.users.GetFullUser(id=await c.resolve_peer(self.peer(peer))))
        full = answer.full_user
        return {"about": full.about, "blocked": bool(full.blocked), "pinned": full.pinned_msg_id,
                "ttl": full.ttl_period}

    async def cmd_block(self, client, peer, blocked=True):
        c = self.clients[client]
        return await (c.block_user(peer) if blocked else c.unblock_user(peer))

    async def cmd_blocked(self, client):
        answer = await self.clients[client].invoke(raw.functions.contacts.GetBlocked(offset=0, limit=100))
        return [b.peer_id.user_id for b in answer.blocked]

    # Messages. The library's own functions are called first, so that its parsers run over every
    # answer; rows are made from the raw objects, which both versions hold.

    def peer(self, peer):
        return "me" if peer == "self" else peer

    async def row(self, client, m):
        """A library message as a row: fetched again as the raw object where it is not attached."""
        if KURIGRAM and getattr(m, "raw", None) is not None and hasattr(m.raw, "peer_id"):
            return raw_row(m.raw, self.clients[client].me.id)
        return self.high_row(m)

    def high_row(self, m):
        row = base.message(
            m.id, m.chat.id if m.chat else None, m.from_user.id if m.from_user else None,
            m.outgoing, m.text, int(m.date.timestamp()) if m.date else 0,
            reply_to=getattr(m, "reply_to_message_id", None),
            edited=getattr(m, "edit_date", None) is not None,
        )
        row["entities"] = [
            {"type": ENTITY_NAMES.get(e.type.name.lower(), e.type.name.lower()), "offset": e.offset,
             "length": e.length} for e in (m.entities or [])
        ]
        if getattr(m, "service", None):
            row["service"] = m.service.name
        if getattr(m, "forward_from", None):
            row["forward_from"] = m.forward_from.id
        row["from_scheduled"] = bool(getattr(m, "from_scheduled", False))
        row["reactions"] = [
            {"emoji": r.emoji, "count": r.count, "chosen": r.chosen_order is not None}
            for r in (m.reactions.reactions if m.reactions else [])
        ]
        return row

    async def rows(self, client, messages):
        return [await self.row(client, m) for m in messages]

    async def collect(self, client, generator):
        return await self.rows(client, [m async for m in generator])

    async def cmd_send(self, client, peer, text, entities=None, reply_to=None, silent=None,
                       schedule_in=None):
        marks = [pyrogram.types.MessageEntity(type=ENTITIES[e["type"]], offset=e["offset"], length=e["length"])
                 for e in entities or []]
        options = {"disable_notification": silent, "entities": marks or None}
        if KURIGRAM:
            options["link_preview_options"] = pyrogram.types.LinkPreviewOptions(is_disabled=True)
            if reply_to:
                options["reply_parameters"] = pyrogram.types.ReplyParameters(message_id=reply_to)
        else:
            options["disable_web_page_preview"] = True
            options["reply_to_message_id"] = reply_to
        if schedule_in:
            options["schedule_date"] = datetime.datetime.now() + datetime.timedelta(seconds=schedule_in)
        if not marks:
            options["parse_mode"] = enums.ParseMode.DISABLED
        m = await self.clients[client].send_message(self.peer(peer), text, **options)
        return await self.row(client, m)

    async def cmd_send_raw(self, client, peer, text, random_id):
        c = self.clients[client]
        answer = await c.invoke(raw.functions.messages.SendMessage(
            peer=await c.resolve_peer(self.peer(peer)), message=text, random_id=int(random_id)))
        ids = [u.id for u in answer.updates if isinstance(u, types.UpdateMessageID)]
        new = [u for u in answer.updates if isinstance(u, types.UpdateNewMessage)]
        return {"id": ids[0] if ids else None, "pts": new[0].pts if new else None, "ids": ids}

    async def cmd_edit(self, client, peer, id, text):
        m = await self.clients[client].edit_message_text(
            self.peer(peer), id, text, parse_mode=enums.ParseMode.DISABLED)
        return await self.row(client, m)

    async def cmd_delete(self, client, peer, ids, revoke=True):
        count = await self.clients[client].delete_messages(self.peer(peer), ids, revoke=revoke)
        return {"pts_count": int(count)}

    async def cmd_delete_history(self, client, peer, revoke=False, just_clear=False):
        c = self.clients[client]
        await c.invoke(raw.functions.messages.DeleteHistory(
            peer=await c.resolve_peer(self.peer(peer)), max_id=0, revoke=revoke, just_clear=just_clear))

    async def cmd_forward(self, client, source, ids, to):
        sent = await self.clients[client].forward_messages(self.peer(to), self.peer(source), ids)
        return await self.rows(client, sent)

    async def cmd_read(self, client, peer, max_id=0):
        return await self.clients[client].read_chat_history(self.peer(peer), max_id)

    async def cmd_typing(self, client, peer, action="typing"):
        return await self.clients[client].send_chat_action(self.peer(peer), ACTIONS[action])

    async def cmd_history(self, client, peer, limit=100, **offsets):
        c = self.clients[client]
        answer = await c.invoke(raw.functions.messages.GetHistory(
            peer=await c.resolve_peer(self.peer(peer)), offset_id=offsets.pop("offset_id", 0),
            offset_date=offsets.pop("offset_date", 0), add_offset=offsets.pop("add_offset", 0),
            limit=limit, max_id=offsets.pop("max_id", 0), min_id=offsets.pop("min_id", 0), hash=0))
        assert not offsets, offsets
        return [raw_row(m, c.me.id) for m in answer.messages]

    async def cmd_walk(self, client, peer, reverse=False):
        order = {"reverse": True} if reverse else {}
        return await self.collect(client, self.clients[client].get_chat_history(self.peer(peer), **order))

    async def cmd_get_messages(self, client, peer, ids):
        found = await self.clients[client].get_messages(self.peer(peer), ids)
        return [None if m.empty else await self.row(client, m) for m in found]

    async def cmd_search(self, client, peer, q, limit=100):
        return await self.collect(client, self.clients[client].search_messages(self.peer(peer), q, limit=limit))

    async def cmd_search_global(self, client, q, limit=100):
        return await self.collect(client, self.clients[client].search_global(q, limit=limit))

    async def cmd_dialogs(self, client, limit=0):
        rows = []
        async for d in self.clients[client].get_dialogs(limit or 0):
            if KURIGRAM:
                r = d.raw
                rows.append({
                    "peer": d.chat.id, "top": r.top_message, "unread": r.unread_count,
                    "pinned": bool(r.pinned), "unread_mark": bool(r.unread_mark),
                    "read_in": r.read_inbox_max_id, "read_out": r.read_outbox_max_id,
                    "draft": getattr(r.draft, "message", None), "ttl": r.ttl_period,
                })
            else:
                rows.append({
                    "peer": d.chat.id, "top": d.top_message.id if d.top_message else 0,
                    "unread": d.unread_messages_count, "pinned": bool(d.is_pinned),
                    "unread_mark": bool(d.unread_mark),
                })
        return rows

    async def cmd_pin(self, client, peer, id, both=True):
        await self.clients[client].pin_chat_message(self.peer(peer), id, both_sides=both)

    async def cmd_unpin(self, client, peer, id):
        await self.clients[client].unpin_chat_message(self.peer(peer), id)

    async def cmd_save_draft(self, client, peer, text):
        c = self.clients[client]
        return await c.invoke(raw.functions.messages.SaveDraft(
            peer=await c.resolve_peer(self.peer(peer)), message=text))

    async def dialog_peer(self, client, peer):
        return types.InputDialogPeer(peer=await self.clients[client].resolve_peer(self.peer(peer)))

    async def cmd_mark_unread(self, client, peer, unread=True):
        return await self.clients[client].invoke(raw.functions.messages.MarkDialogUnread(
            peer=await self.dialog_peer(client, peer), unread=unread))

    async def cmd_pin_dialog(self, client, peer, pinned=True):
        return await self.clients[client].invoke(raw.functions.messages.ToggleDialogPin(
            peer=await self.dialog_peer(client, peer), pinned=pinned))

    async def cmd_react(self, client, peer, id, emoji=None):
        await self.clients[client].send_reaction(self.peer(peer), id, emoji or "")

    async def cmd_set_ttl(self, client, peer, period):
        c = self.clients[client]
        if KURIGRAM:
            await c.set_chat_ttl(self.peer(peer), period)
        else:
            await c.invoke(raw.functions.messages.SetHistoryTTL(
                peer=await c.resolve_peer(self.peer(peer)), period=period))

    async def cmd_scheduled(self, client, peer):
        c = self.clients[client]
        answer = await c.invoke(raw.functions.messages.GetScheduledHistory(
            peer=await c.resolve_peer(self.peer(peer)), hash=0))
        return [raw_row(m, c.me.id) for m in answer.messages]

    async def cmd_delete_scheduled(self, client, peer, ids):
        c = self.clients[client]
        await c.invoke(raw.functions.messages.DeleteScheduledMessages(
            peer=await c.resolve_peer(self.peer(peer)), id=ids))

    async def cmd_state(self, client):
        s = await self.clients[client].invoke(raw.functions.updates.GetState())
        return {"pts": s.pts, "qts": s.qts, "date": s.date, "seq": s.seq}

    if KURIGRAM:
        async def cmd_copy(self, client, source, id, to):
            m = await self.clients[client].copy_message(self.peer(to), self.peer(source), id)
            return await self.row(client, m)

        async def cmd_history_count(self, client, peer):
            return await self.clients[client].get_chat_history_count(self.peer(peer))

    # Events.

    async def on_update(self, client, u):
        c = self.clients.get(client)
        if c is None:
            return
        me = c.me.id if c.me else None
        if isinstance(u, types.UpdateNewMessage):
            self.emit(client, "new_message", message=raw_row(u.message, me), pts=u.pts)
        elif isinstance(u, types.UpdateEditMessage):
            self.emit(client, "edited", message=raw_row(u.message, me), pts=u.pts)
        elif isinstance(u, types.UpdateDeleteMessages):
            self.emit(client, "deleted", ids=list(u.messages), pts=u.pts)
        elif isinstance(u, types.UpdateReadHistoryOutbox):
            self.emit(client, "read_outbox", chat=u.peer.user_id, max_id=u.max_id, pts=u.pts)
        elif isinstance(u, types.UpdateReadHistoryInbox):
            self.emit(client, "read_inbox", chat=u.peer.user_id, max_id=u.max_id, pts=u.pts)
        elif isinstance(u, types.UpdateUserTyping):
            action = type(u.action).__name__.removeprefix("SendMessage").removesuffix("Action").lower()
            self.emit(client, "typing", user=u.user_id, action=action)
        elif isinstance(u, types.UpdateUserStatus):
            self.emit(client, "status", user=u.user_id,
                      status=type(u.status).__name__.removeprefix("UserStatus").lower())
        elif isinstance(u, types.UpdateMessageReactions):
            self.emit(client, "reactions", chat=getattr(u.peer, "user_id", None), id=u.msg_id,
                      reactions=raw_reactions(u.reactions))
        elif isinstance(u, types.UpdateDraftMessage):
            self.emit(client, "draft", chat=getattr(u.peer, "user_id", None),
                      text=getattr(u.draft, "message", None))
        elif isinstance(u, types.UpdatePinnedMessages):
            self.emit(client, "pinned", chat=getattr(u.peer, "user_id", None), ids=list(u.messages),
                      pinned=bool(u.pinned), pts=u.pts)
        elif isinstance(u, types.UpdatePeerHistoryTTL):
            self.emit(client, "ttl", chat=getattr(u.peer, "user_id", None), period=u.ttl_period)
        elif isinstance(u, types.UpdateDialogUnreadMark):
            self.emit(client, "unread_mark", chat=u.peer.peer.user_id, unread=bool(u.unread))
        elif isinstance(u, types.UpdateDialogPinned):
            self.emit(client, "dialog_pinned", chat=u.peer.peer.user_id, pinned=bool(u.pinned))
        elif isinstance(u, types.UpdatePeerBlocked):
            self.emit(client, "blocked", chat=u.peer_id.user_id, blocked=bool(u.blocked))
        else:
            self.emit(client, "other", type=type(u).__name__)

    def translate(self, e):
        if isinstance(e, errors.RPCError):
            value = getattr(e, "value", None)
            text = (e.ID or type(e).__name__).upper()
            if isinstance(e, errors.FloodWait):
                text = f"FLOOD_WAIT_{value}"
            elif text == type(e).__name__.upper() and value:
                text = str(value).split("]")[0].strip("[").split(" ")[-1]
            return Refused(text, e.CODE or 0)
        if isinstance(e, (ConnectionError, TimeoutError, OSError)) or type(e).__name__ == "SecurityCheckMismatch":
            return Refused(f"{type(e).__name__}: {e}", kind="network")
        if isinstance(e, KeyError) and "fingerprint" in str(e).lower():
            return Refused(f"KeyError: {e}", kind="network")
        if isinstance(e, ValueError):
            return Refused(str(e), kind="client")
        return None


def connection_to(server):
    """Kurigram's own hook: a connection class that goes to our address."""
    class Here(pyrogram.connection.Connection):
        def __init__(self, *args, **kw):
            kw["server_address"], kw["port"] = server["host"], server["port"]
            super().__init__(*args, **kw)
    return Here


if __name__ == "__main__":
    Pyrogram().main()
