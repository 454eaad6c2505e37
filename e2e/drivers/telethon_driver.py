"""Telethon as a driver: high-level calls where the library has them, raw requests elsewhere."""

import asyncio
import base64
import datetime
import os

import telethon
from telethon import TelegramClient, errors, events, helpers, utils
from telethon.crypto import rsa
from telethon.network import connection as net
from telethon.sessions import MemorySession, SQLiteSession
from telethon.tl import alltlobjects, functions, types

import base
from base import Refused


class HttpCodec(net.http.HttpPacketCodec):
    """The library's codec with one line put right: it compares a byte with a string of one byte, takes
    every line for a cut one, and so reads no answer at all."""

    async def read_packet(self, reader):
        while True:
            line = await reader.readline()
            if not line.endswith(b"\n"):
                raise asyncio.IncompleteReadError(line, None)
            if line.lower().startswith(b"content-length: "):
                await reader.readexactly(2)
                return await reader.readexactly(int(line[16:-2]))


class HttpConnection(net.ConnectionHttp):
    packet_codec = HttpCodec


class HttpsConnection(HttpConnection):
    """The library speaks TLS on port 443 only; this is its HTTP transport with TLS on any port."""

    async def connect(self, timeout=None, ssl=None):
        import ssl as tls
        context = tls.create_default_context(cafile=os.environ["E2E_CA"])
        await net.connection.Connection.connect(self, timeout=timeout, ssl=context)


CONNECTIONS = {
    "full": net.ConnectionTcpFull,
    "abridged": net.ConnectionTcpAbridged,
    "intermediate": net.ConnectionTcpIntermediate,
    "obfuscated": net.ConnectionTcpObfuscated,
    "http": HttpConnection,
    "https": HttpsConnection,
    "proxy_abridged": net.ConnectionTcpMTProxyAbridged,
    "proxy_intermediate": net.ConnectionTcpMTProxyIntermediate,
    "proxy_padded": net.ConnectionTcpMTProxyRandomizedIntermediate,
}

PRIVACY = {
    "phone": types.InputPrivacyKeyPhoneNumber, "last_seen": types.InputPrivacyKeyStatusTimestamp,
    "messages": getattr(types, "InputPrivacyKeyNoPaidMessages", None),
}
RULES = {
    "everybody": types.InputPrivacyValueAllowAll, "contacts": types.InputPrivacyValueAllowContacts,
    "nobody": types.InputPrivacyValueDisallowAll,
}
RULE_NAMES = {
    "PrivacyValueAllowAll": "everybody", "PrivacyValueAllowContacts": "contacts",
    "PrivacyValueDisallowAll": "nobody",
}
ENTITIES = {
    "bold": types.MessageEntityBold, "italic": types.MessageEntityItalic,
    "code": types.MessageEntityCode, "strike": types.MessageEntityStrike,
    "underline": types.MessageEntityUnderline, "spoiler": types.MessageEntitySpoiler,
}


def stamp(date):
    return int(date.timestamp()) if date else 0


def status_of(status):
    name = type(status).__name__ if status is not None else ""
    return name.removeprefix("UserStatus").lower() or None


def user_row(u):
    return base.user(
        u.id, u.first_name, u.last_name, u.phone, u.username, me=u.is_self,
        status=status_of(u.status), contact=u.contact, deleted=u.deleted,
    )


def entity_rows(entities):
    rows = []
    for e in entities or []:
        kind = type(e).__name__.removeprefix("MessageEntity").lower()
        rows.append({"type": kind, "offset": e.offset, "length": e.length})
    return rows


def reaction_rows(reactions):
    return [
        {"emoji": getattr(r.reaction, "emoticon", None), "count": r.count,
         "chosen": r.chosen_order is not None}
        for r in (reactions.results if reactions else [])
    ]


def message_row(m, self_id):
    chat = getattr(m.peer_id, "user_id", None)
    sender = getattr(m.from_id, "user_id", None) or (self_id if m.out else chat)
    row = base.message(
        m.id, chat, sender, m.out, getattr(m, "message", ""), stamp(m.date),
        reply_to=getattr(m.reply_to, "reply_to_msg_id", None), ttl=m.ttl_period,
        silent=bool(m.silent),
    )
    if isinstance(m, types.MessageService):
        row["service"] = type(m.action).__name__.removeprefix("MessageAction")
        row["period"] = getattr(m.action, "period", None)
    else:
        row["entities"] = entity_rows(m.entities)
        row["pinned"] = bool(m.pinned)
        row["edited"] = m.edit_date is not None
        row["from_scheduled"] = bool(m.from_scheduled)
        if m.fwd_from:
            row["forward_from"] = getattr(m.fwd_from.from_id, "user_id", None) or m.fwd_from.from_name
        row["reactions"] = reaction_rows(m.reactions)
    return row


class Telethon(base.Driver):
    library, version, layer = "telethon", telethon.__version__, alltlobjects.LAYER
    transports = tuple(CONNECTIONS)

    # Connections.

    async def cmd_open(self, client, server, transport=None, session=None, catch_up=False,
                       device="e2e", no_retry=False):
        rsa.add_key(server["pem"], old=False)
        transport = transport or "full"
        store = SQLiteSession(session) if session else MemorySession()
        if not store.auth_key or not store.auth_key.key:
            store.set_dc(server["dc"], server["host"], server["port"])
        proxy = None
        if transport.startswith("proxy"):
            proxy = (server["host"], server["port"], server["secret"])
        c = TelegramClient(
            store, 1, "a" * 32, connection=CONNECTIONS[transport], proxy=proxy, device_model=device,
            catch_up=catch_up, sequential_updates=True, timeout=5, flood_sleep_threshold=0,
            connection_retries=0 if no_retry else 100, retry_delay=1, request_retries=2,
        )
        c.add_event_handler(lambda update: self.on_update(client, update), events.Raw())
        self.clients[client] = c
        await c.connect()
        me = await c.get_me()
        return {"authorized": me is not None, "me": user_row(me) if me else None}

    async def cmd_close(self, client):
        await self.clients.pop(client).disconnect()

    async def cmd_connected(self, client):
        return self.clients[client].is_connected()

    async def cmd_catch_up(self, client):
        await self.clients[client].catch_up()

    # Accounts.

    async def cmd_send_code(self, client, phone, for_sign_up=False):
        c = self.clients[client]
        sent = await c(functions.auth.SendCodeRequest(phone, c.api_id, c.api_hash, types.CodeSettings()))
        c.e2e_phone, c.e2e_hash = phone, sent.phone_code_hash
        return {"hash": sent.phone_code_hash, "type": type(sent.type).__name__}

    async def cmd_sign_in(self, client, code, phone=None, hash=None):
        c = self.clients[client]
        try:
            user = await c.sign_in(phone or c.e2e_phone, code, phone_code_hash=hash or c.e2e_hash)
        except errors.PhoneNumberUnoccupiedError:
            return {"sign_up_required": True}
        return {"user": user_row(user)}

    async def cmd_sign_up(self, client, first, last=""):
        c = self.clients[client]
        answer = await c(functions.auth.SignUpRequest(c.e2e_phone, c.e2e_hash, first, last))
        return {"user": user_row(await c._on_login(answer.user))}

    async def cmd_me(self, client):
        me = await self.clients[client].get_me()
        if me is None:
            raise Refused("AUTH_KEY_UNREGISTERED", 401)
        return user_row(me)

    async def cmd_log_out(self, client):
        return await self.clients.pop(client).log_out()

    async def cmd_delete_account(self, client, reason=""):
        return await self.clients[client](functions.account.DeleteAccountRequest(reason))

    async def cmd_sessions(self, client):
        answer = await self.clients[client](functions.account.GetAuthorizationsRequest())
        return [
            {"hash": str(a.hash), "current": bool(a.current), "device": a.device_model}
            for a in answer.authorizations
        ]

    async def cmd_kill_session(self, client, hash):
        return await self.clients[client](functions.account.ResetAuthorizationRequest(int(hash)))

    async def cmd_kill_other_sessions(self, client):
        return await self.clients[client](functions.auth.ResetAuthorizationsRequest())

    async def cmd_update_profile(self, client, first=None, last=None, about=None):
        u = await self.clients[client](functions.account.UpdateProfileRequest(first, last, about))
        return user_row(u)

    async def cmd_set_username(self, client, username):
        return user_row(await self.clients[client](functions.account.UpdateUsernameRequest(username)))

    async def cmd_online(self, client, online=True):
        return await self.clients[client](functions.account.UpdateStatusRequest(offline=not online))

    async def cmd_get_privacy(self, client, key):
        answer = await self.clients[client](functions.account.GetPrivacyRequest(PRIVACY[key]()))
        return [RULE_NAMES.get(type(r).__name__, type(r).__name__) for r in answer.rules]

    async def cmd_set_privacy(self, client, key, rule):
        answer = await self.clients[client](
            functions.account.SetPrivacyRequest(PRIVACY[key](), [RULES[rule]()]))
        return [RULE_NAMES.get(type(r).__name__, type(r).__name__) for r in answer.rules]

    async def cmd_qr_export(self, client):
        c = self.clients[client]
        login = await c.qr_login()
        c.e2e_qr = asyncio.create_task(login.wait(30))
        return base64.urlsafe_b64encode(login.token).decode()

    async def cmd_qr_wait(self, client):
        return user_row(await self.clients[client].e2e_qr)

    async def cmd_qr_accept(self, client, token):
        answer = await self.clients[client](
            functions.auth.AcceptLoginTokenRequest(base64.urlsafe_b64decode(token)))
        return {"device": answer.device_model}

    # People.

    async def cmd_import_contact(self, client, phone, first, last=""):
        contact = types.InputPhoneContact(helpers.generate_random_long(), phone, first, last)
        answer = await self.clients[client](functions.contacts.ImportContactsRequest([contact]))
        imported = {i.user_id for i in answer.imported}
        return [user_row(u) for u in answer.users if u.id in imported]

    async def cmd_add_contact(self, client, peer, first, last="", phone=""):
        answer = await self.clients[client](functions.contacts.AddContactRequest(
            await self.clients[client].get_input_entity(peer), first, last, phone))
        return user_row(answer.users[0])

    async def cmd_delete_contact(self, client, peer):
        c = self.clients[client]
        await c(functions.contacts.DeleteContactsRequest([await c.get_input_entity(peer)]))

    async def cmd_contacts(self, client):
        answer = await self.clients[client](functions.contacts.GetContactsRequest(0))
        return [user_row(u) for u in answer.users]

    async def cmd_search_people(self, client, q):
        answer = await self.clients[client](functions.contacts.SearchRequest(q, 20))
        return [user_row(u) for u in answer.users]

    async def cmd_resolve_username(self, client, username):
        return user_row(await self.clients[client].get_entity(username))

    async def cmd_resolve_phone(self, client, phone):
        answer = await self.clients[client](functions.contacts.ResolvePhoneRequest(phone))
        return user_row(answer.users[0])

    async def cmd_get_user(self, client, peer):
        return user_row(await self.clients[client].get_entity(peer))

    async def cmd_full_user(self, client, peer):
        c = self.clients[client]
        answer = await c(functions.users.GetFullUserRequest(await c.get_input_entity(peer)))
        full = answer.full_user
        return {
            "about": full.about, "blocked": bool(full.blocked), "pinned": full.pinned_msg_id,
            "ttl": full.ttl_period,
        }

    async def cmd_block(self, client, peer, blocked=True):
        c = self.clients[client]
        request = functions.contacts.BlockRequest if blocked else functions.contacts.UnblockRequest
        return await c(request(await c.get_input_entity(peer)))

    async def cmd_blocked(self, client):
        answer = await self.clients[client](functions.contacts.GetBlockedRequest(0, 100))
        return [b.peer_id.user_id for b in answer.blocked]

    # Messages.

    def peer(self, peer):
        return "me" if peer == "self" else peer

    def rows(self, client, messages):
        self_id = self.clients[client]._self_id
        return [message_row(m, self_id) for m in messages if m is not None]

    async def cmd_send(self, client, peer, text, entities=None, reply_to=None, silent=None,
                       schedule_in=None):
        c = self.clients[client]
        marks = [ENTITIES[e["type"]](e["offset"], e["length"]) for e in entities or []]
        schedule = datetime.timedelta(seconds=schedule_in) if schedule_in else None
        m = await c.send_message(
            self.peer(peer), text, formatting_entities=marks, reply_to=reply_to, silent=silent,
            schedule=schedule, link_preview=False,
        )
        return message_row(m, c._self_id)

    async def cmd_send_raw(self, client, peer, text, random_id):
        """One `messages.sendMessage` with a given `random_id`: the ids in the answer, nothing else."""
        c = self.clients[client]
        answer = await c(functions.messages.SendMessageRequest(
            await c.get_input_entity(self.peer(peer)), text, random_id=int(random_id)))
        ids = [u.id for u in answer.updates if isinstance(u, types.UpdateMessageID)]
        new = [u for u in answer.updates if isinstance(u, types.UpdateNewMessage)]
        return {"id": ids[0] if ids else None, "pts": new[0].pts if new else None, "ids": ids}

    async def cmd_edit(self, client, peer, id, text):
        c = self.clients[client]
        m = await c.edit_message(self.peer(peer), id, text, parse_mode=None, link_preview=False)
        return message_row(m, c._self_id)

    async def cmd_delete(self, client, peer, ids, revoke=True):
        answers = await self.clients[client].delete_messages(self.peer(peer), ids, revoke=revoke)
        return {"pts_count": sum(a.pts_count for a in answers)}

    async def cmd_delete_history(self, client, peer, revoke=False, just_clear=False):
        c = self.clients[client]
        await c(functions.messages.DeleteHistoryRequest(
            await c.get_input_entity(self.peer(peer)), 0, revoke=revoke, just_clear=just_clear))

    async def cmd_forward(self, client, source, ids, to):
        sent = await self.clients[client].forward_messages(
            self.peer(to), ids, self.peer(source))
        return self.rows(client, sent)

    async def cmd_read(self, client, peer, max_id=0):
        await self.clients[client].send_read_acknowledge(self.peer(peer), max_id=max_id)

    async def cmd_typing(self, client, peer, action="typing"):
        kinds = {"typing": types.SendMessageTypingAction, "cancel": types.SendMessageCancelAction}
        c = self.clients[client]
        return await c(functions.messages.SetTypingRequest(
            await c.get_input_entity(self.peer(peer)), kinds[action]()))

    async def cmd_history(self, client, peer, limit=100, **offsets):
        c = self.clients[client]
        request = functions.messages.GetHistoryRequest(
            peer=await c.get_input_entity(self.peer(peer)), offset_id=offsets.pop("offset_id", 0),
            offset_date=offsets.pop("offset_date", None), add_offset=offsets.pop("add_offset", 0),
            limit=limit, max_id=offsets.pop("max_id", 0), min_id=offsets.pop("min_id", 0), hash=0)
        assert not offsets, offsets
        return self.rows(client, (await c(request)).messages)

    async def cmd_walk(self, client, peer, reverse=False):
        """Every message of a chat through the library's own iterator, newest first unless reversed."""
        found = [m async for m in self.clients[client].iter_messages(self.peer(peer), reverse=reverse)]
        return self.rows(client, found)

    async def cmd_get_messages(self, client, peer, ids):
        found = await self.clients[client].get_messages(self.peer(peer), ids=ids)
        self_id = self.clients[client]._self_id
        return [message_row(m, self_id) if m else None for m in found]

    async def cmd_search(self, client, peer, q, limit=100):
        found = await self.clients[client].get_messages(self.peer(peer), search=q, limit=limit)
        return self.rows(client, found)

    async def cmd_search_global(self, client, q, limit=100):
        return self.rows(client, await self.clients[client].get_messages(None, search=q, limit=limit))

    async def cmd_dialogs(self, client, limit=None):
        rows = []
        async for d in self.clients[client].iter_dialogs(limit=limit):
            rows.append({
                "peer": d.entity.id, "top": d.dialog.top_message, "unread": d.unread_count,
                "pinned": bool(d.pinned), "unread_mark": bool(d.dialog.unread_mark),
                "read_in": d.dialog.read_inbox_max_id, "read_out": d.dialog.read_outbox_max_id,
                "draft": d.draft.raw_text or None, "ttl": d.dialog.ttl_period,
            })
        return rows

    async def cmd_pin(self, client, peer, id, both=True):
        c = self.clients[client]
        await c.pin_message(self.peer(peer), id, pm_oneside=not both)

    async def cmd_unpin(self, client, peer, id):
        await self.clients[client].unpin_message(self.peer(peer), id)

    async def cmd_save_draft(self, client, peer, text):
        c = self.clients[client]
        return await c(functions.messages.SaveDraftRequest(
            await c.get_input_entity(self.peer(peer)), text))

    async def cmd_mark_unread(self, client, peer, unread=True):
        c = self.clients[client]
        target = types.InputDialogPeer(await c.get_input_entity(self.peer(peer)))
        return await c(functions.messages.MarkDialogUnreadRequest(target, unread=unread))

    async def cmd_pin_dialog(self, client, peer, pinned=True):
        c = self.clients[client]
        target = types.InputDialogPeer(await c.get_input_entity(self.peer(peer)))
        return await c(functions.messages.ToggleDialogPinRequest(target, pinned=pinned))

    async def cmd_react(self, client, peer, id, emoji=None):
        c = self.clients[client]
        reaction = [types.ReactionEmoji(emoji)] if emoji else None
        await c(functions.messages.SendReactionRequest(
            await c.get_input_entity(self.peer(peer)), id, reaction=reaction))

    async def cmd_set_ttl(self, client, peer, period):
        c = self.clients[client]
        await c(functions.messages.SetHistoryTTLRequest(
            await c.get_input_entity(self.peer(peer)), period))

    async def cmd_scheduled(self, client, peer):
        found = await self.clients[client].get_messages(self.peer(peer), scheduled=True, limit=100)
        return self.rows(client, found)

    async def cmd_delete_scheduled(self, client, peer, ids):
        c = self.clients[client]
        await c(functions.messages.DeleteScheduledMessagesRequest(
            await c.get_input_entity(self.peer(peer)), ids))

    async def cmd_send_scheduled(self, client, peer, ids):
        c = self.clients[client]
        await c(functions.messages.SendScheduledMessagesRequest(
            await c.get_input_entity(self.peer(peer)), ids))

    async def cmd_state(self, client):
        s = await self.clients[client](functions.updates.GetStateRequest())
        return {"pts": s.pts, "qts": s.qts, "date": stamp(s.date), "seq": s.seq}

    async def cmd_difference(self, client, pts, date=1, pts_total_limit=None):
        """The whole difference from `pts`, slice by slice, with every step's `pts`."""
        c = self.clients[client]
        messages, others, states = [], [], []
        when = datetime.datetime.fromtimestamp(date, datetime.timezone.utc)
        for _ in range(10_000):
            d = await c(functions.updates.GetDifferenceRequest(pts, when, 0, pts_total_limit=pts_total_limit))
            if isinstance(d, types.updates.DifferenceEmpty):
                break
            if isinstance(d, types.updates.DifferenceTooLong):
                return {"too_long": d.pts}
            messages += self.rows(client, d.new_messages)
            for u in d.other_updates:
                others.append({
                    "type": type(u).__name__, "pts": getattr(u, "pts", None),
                    "pts_count": getattr(u, "pts_count", None),
                })
            state = getattr(d, "intermediate_state", None) or d.state
            states.append(state.pts)
            if state.pts == pts:
                break
            pts = state.pts
            if isinstance(d, types.updates.Difference):
                break
        return {"messages": messages, "others": others, "states": states}

    async def cmd_raw(self, client, method, args=None):
        """Any method by its TL name with plain arguments; the answer as the library's dict."""
        namespace, _, name = method.rpartition(".")
        module = getattr(functions, namespace) if namespace else functions
        request = getattr(module, name[0].upper() + name[1:] + "Request")
        args = {k: await self.raw_value(client, v) for k, v in (args or {}).items()}
        answer = await self.clients[client](request(**args))
        return plain(answer)

    async def raw_value(self, client, value):
        """`{"peer": id}` becomes an input peer, `{"_": "Name", ...}` a TL object."""
        if isinstance(value, list):
            return [await self.raw_value(client, v) for v in value]
        if isinstance(value, dict) and "peer" in value and len(value) == 1:
            return await self.clients[client].get_input_entity(self.peer(value["peer"]))
        if isinstance(value, dict) and "user" in value and len(value) == 1:
            return utils.get_input_user(
                await self.clients[client].get_input_entity(self.peer(value["user"])))
        if isinstance(value, dict) and "hex" in value and len(value) == 1:
            return bytes.fromhex(value["hex"])
        if isinstance(value, dict) and "_" in value:
            value = dict(value)
            cls = getattr(types, value.pop("_"))
            return cls(**{k: await self.raw_value(client, v) for k, v in value.items()})
        return value

    # Events.

    async def on_update(self, client, u):
        c = self.clients.get(client)
        if c is None:
            return
        me = c._self_id
        kind = type(u).__name__
        if isinstance(u, types.UpdateNewMessage):
            self.emit(client, "new_message", message=message_row(u.message, me), pts=u.pts)
        elif isinstance(u, types.UpdateEditMessage):
            self.emit(client, "edited", message=message_row(u.message, me), pts=u.pts)
        elif isinstance(u, types.UpdateDeleteMessages):
            self.emit(client, "deleted", ids=u.messages, pts=u.pts)
        elif isinstance(u, types.UpdateReadHistoryOutbox):
            self.emit(client, "read_outbox", chat=u.peer.user_id, max_id=u.max_id, pts=u.pts)
        elif isinstance(u, types.UpdateReadHistoryInbox):
            self.emit(client, "read_inbox", chat=u.peer.user_id, max_id=u.max_id, pts=u.pts)
        elif isinstance(u, types.UpdateUserTyping):
            action = type(u.action).__name__.removeprefix("SendMessage").removesuffix("Action").lower()
            self.emit(client, "typing", user=u.user_id, action=action)
        elif isinstance(u, types.UpdateUserStatus):
            self.emit(client, "status", user=u.user_id, status=status_of(u.status))
        elif isinstance(u, types.UpdateMessageReactions):
            self.emit(client, "reactions", chat=getattr(u.peer, "user_id", None), id=u.msg_id,
                      reactions=reaction_rows(u.reactions))
        elif isinstance(u, types.UpdateDraftMessage):
            self.emit(client, "draft", chat=getattr(u.peer, "user_id", None),
                      text=getattr(u.draft, "message", None))
        elif isinstance(u, types.UpdatePinnedMessages):
            self.emit(client, "pinned", chat=getattr(u.peer, "user_id", None), ids=u.messages,
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
            self.emit(client, "other", type=kind)

    def translate(self, e):
        if isinstance(e, errors.RPCError):
            text = ERROR_NAMES.get(type(e)) or e.message
            if isinstance(e, errors.FloodWaitError):
                text = f"FLOOD_WAIT_{e.seconds}"
            return Refused(text, e.code or 0)
        if isinstance(e, (ConnectionError, errors.SecurityError, errors.AuthKeyNotFound, asyncio.TimeoutError)):
            return Refused(f"{type(e).__name__}: {e}", kind="network")
        if isinstance(e, ValueError):
            return Refused(str(e), kind="client")
        return None


def plain(value):
    """TL objects as JSON."""
    if hasattr(value, "to_dict"):
        return plain(value.to_dict())
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, datetime.datetime):
        return stamp(value)
    if isinstance(value, bytes):
        return value.hex()
    return value


# The library keeps the server's text in a dictionary from text to class.
ERROR_NAMES = {cls: name for name, cls in errors.rpcerrorlist.rpc_errors_dict.items()}

if __name__ == "__main__":
    Telethon().main()
