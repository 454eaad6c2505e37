"""TDLib, the library inside the official apps, as a driver.

It knows two public keys, compiled in. The driver writes the server's key over both in a copy of
the shared object, and connects through the MTProto proxy transport, which takes any address.
"""

import asyncio
import ctypes
import glob
import importlib.metadata
import importlib.util
import json
import os
import tempfile
import threading
import time

import base
from base import Refused

PEM_START, PEM_LENGTH = b"-----BEGIN RSA PUBLIC KEY-----", 425
SERVER_ID_SHIFT = 20
RULES = {
    "everybody": "userPrivacySettingRuleAllowAll", "contacts": "userPrivacySettingRuleAllowContacts",
    "nobody": "userPrivacySettingRuleRestrictAll",
}
PRIVACY = {"phone": "userPrivacySettingShowPhoneNumber", "last_seen": "userPrivacySettingShowStatus"}
ENTITIES = {
    "bold": "textEntityTypeBold", "italic": "textEntityTypeItalic", "code": "textEntityTypeCode",
    "strike": "textEntityTypeStrikethrough", "underline": "textEntityTypeUnderline",
    "spoiler": "textEntityTypeSpoiler",
}
ENTITY_NAMES = {
    "strikethrough": "strike", "emailaddress": "email", "phonenumber": "phone", "pre": "pre",
}
SERVICES = {
    "messageChatSetMessageAutoDeleteTime": "SetMessagesTTL", "messagePinMessage": "PinMessage",
    "messageContactRegistered": "ContactSignUp",
}


def patched_library(pem, fingerprint):
    """A copy of the library with `pem` in place of its own keys, made once per key."""
    pem = pem.strip().encode()
    assert len(pem) == PEM_LENGTH, f"a PKCS#1 key of {PEM_LENGTH} bytes fits, this has {len(pem)}"
    target = os.path.join(os.environ.get("E2E_SCRATCH", tempfile.gettempdir()), f"tdjson-{fingerprint}.so")
    if os.path.exists(target):
        return target
    home = os.path.dirname(importlib.util.find_spec("tdjson").origin)
    (source,) = glob.glob(os.path.join(os.path.dirname(home), "tdjson.libs", "libtdjson*"))
    with open(source, "rb") as f:
        image = bytearray(f.read())
    at, written = 0, 0
    while (at := image.find(PEM_START, at)) >= 0:
        # The third key in the image is one byte longer and belongs to the DNS recovery.
        if image[at + PEM_LENGTH] == 0:
            image[at:at + PEM_LENGTH] = pem
            written += 1
        at += 1
    assert written == 2, f"expected two keys in the library, found {written}"
    partial = f"{target}.{os.getpid()}"
    with open(partial, "wb") as f:
        f.write(image)
    os.rename(partial, target)
    return target


class Library:
    """One loaded copy; its single receive loop feeds every client of that copy."""

    def __init__(self, path, deliver):
        self.lib = ctypes.CDLL(path)
        self.lib.td_create_client_id.restype = ctypes.c_int
        self.lib.td_receive.restype = ctypes.c_char_p
        self.lib.td_receive.argtypes = [ctypes.c_double]
        self.lib.td_send.argtypes = [ctypes.c_int, ctypes.c_char_p]
        self.lib.td_execute.restype = ctypes.c_char_p
        self.lib.td_execute.argtypes = [ctypes.c_char_p]
        level = int(os.environ.get("E2E_TDLIB_LOG", "1"))
        self.lib.td_execute(json.dumps(
            {"@type": "setLogVerbosityLevel", "new_verbosity_level": level}).encode())
        self.deliver = deliver
        self.loop = asyncio.get_running_loop()
        threading.Thread(target=self.receive, daemon=True).start()

    def receive(self):
        while True:
            if row := self.lib.td_receive(1.0):
                self.loop.call_soon_threadsafe(self.deliver, self, json.loads(row))

    def create(self):
        return self.lib.td_create_client_id()

    def send(self, number, query):
        self.lib.td_send(number, json.dumps(query).encode())


class Handle:
    """One TDLib client."""

    def __init__(self, name, library, directory):
        self.name, self.library, self.directory = name, library, directory
        self.number = library.create()
        self.queries, self.counter = {}, 0
        self.state, self.state_changed = None, asyncio.Condition()
        self.connection = None
        self.users, self.me, self.chats = {}, None, {}
        self.sending = {}

    async def call(self, kind, _timeout=60, **fields):
        self.counter += 1
        key = str(self.counter)
        future = asyncio.get_running_loop().create_future()
        self.queries[key] = future
        self.library.send(self.number, {"@type": kind, "@extra": key, **fields})
        answer = await asyncio.wait_for(future, _timeout)
        if answer["@type"] == "error":
            raise refusal(answer)
        return answer

    async def wait_state(self, *names, timeout=60):
        async with self.state_changed:
            await asyncio.wait_for(
                self.state_changed.wait_for(lambda: self.state and self.state["@type"] in names), timeout)
        return self.state["@type"]


def refusal(error):
    """TDLib turns FLOOD_WAIT_n into 'Too Many Requests: retry after n'."""
    text = error["message"]
    if text.startswith("Too Many Requests: retry after "):
        return Refused("FLOOD_WAIT_" + text.rsplit(" ", 1)[1], 420)
    return Refused(text, error["code"])


class Tdlib(base.Driver):
    library = "tdlib"
    version = importlib.metadata.version("tdjson")
    layer = 232
    transports = ("proxy", "proxy_padded", "proxy_pfs")

    def __init__(self):
        super().__init__()
        self.libraries, self.handles = {}, {}

    # Connections.

    async def cmd_open(self, client, server, transport=None, session=None, catch_up=True,
                       device="e2e", no_retry=False):
        transport = transport or "proxy"
        path = patched_library(server["pem"], server["fingerprint"])
        library = self.libraries.get(path)
        if library is None:
            library = self.libraries[path] = Library(path, self.deliver)
        directory = session or tempfile.mkdtemp(dir=os.environ.get("E2E_SCRATCH"))
        h = Handle(client, library, directory)
        self.clients[client] = h
        self.handles[library, h.number] = h
        secret = ("dd" if transport == "proxy_padded" else "") + server["secret"]
        library.send(h.number, {"@type": "getOption", "name": "version"})
        await h.wait_state("authorizationStateWaitTdlibParameters")
        # Without an answer until the parameters are set, and done before anything is connected.
        library.send(h.number, {"@type": "setOption", "name": "use_pfs", "value": {
            "@type": "optionValueBoolean", "value": transport == "proxy_pfs"}})
        library.send(h.number, {"@type": "addProxy", "enable": True, "comment": "", "proxy": {
            "@type": "proxy", "server": server["host"], "port": server["port"],
            "type": {"@type": "proxyTypeMtproto", "secret": secret}}})
        await h.call(
            "setTdlibParameters", use_test_dc=False, database_directory=directory,
            files_directory=directory + "/files", use_file_database=False,
            use_chat_info_database=True, use_message_database=True, use_secret_chats=False,
            api_id=1, api_hash="a" * 32, system_language_code="en", device_model=device,
            system_version="1", application_version="1")
        state = await h.wait_state("authorizationStateWaitPhoneNumber", "authorizationStateReady")
        if state == "authorizationStateReady":
            me = await self.ready(h)
            return {"authorized": True, "me": me}
        return {"authorized": False, "me": None}

    async def ready(self, h):
        h.me = await h.call("getMe")
        h.users[h.me["id"]] = h.me
        return self.user_row(h, h.me)

    async def cmd_close(self, client):
        h = self.clients.pop(client)
        h.library.send(h.number, {"@type": "close"})
        await h.wait_state("authorizationStateClosed")

    async def cmd_connected(self, client):
        return self.clients[client].connection == "connectionStateReady"

    # Accounts.

    async def cmd_send_code(self, client, phone, for_sign_up=False):
        h = self.clients[client]
        await h.call("setAuthenticationPhoneNumber", phone_number=phone)
        await h.wait_state("authorizationStateWaitCode")
        return {"hash": None, "type": h.state["code_info"]["type"]["@type"]}

    async def cmd_sign_in(self, client, code, phone=None, hash=None):
        h = self.clients[client]
        await h.call("checkAuthenticationCode", code=code)
        state = await h.wait_state("authorizationStateReady", "authorizationStateWaitRegistration")
        if state == "authorizationStateWaitRegistration":
            return {"sign_up_required": True}
        return {"user": await self.ready(h)}

    async def cmd_sign_up(self, client, first, last=""):
        h = self.clients[client]
        await h.call("registerUser", first_name=first, last_name=last, disable_notification=False)
        await h.wait_state("authorizationStateReady")
        return {"user": await self.ready(h)}

    async def cmd_me(self, client):
        h = self.clients[client]
        if h.state["@type"] != "authorizationStateReady":
            raise Refused("AUTH_KEY_UNREGISTERED", 401)
        return self.user_row(h, await h.call("getMe"))

    async def cmd_log_out(self, client):
        h = self.clients.pop(client)
        await h.call("logOut")
        await h.wait_state("authorizationStateClosed")
        return True

    async def cmd_sessions(self, client):
        answer = await self.clients[client].call("getActiveSessions")
        return [
            {"hash": str(s["id"]), "current": s["is_current"], "device": s["device_model"]}
            for s in answer["sessions"]
        ]

    async def cmd_kill_session(self, client, hash):
        await self.clients[client].call("terminateSession", session_id=hash)
        return True

    async def cmd_kill_other_sessions(self, client):
        await self.clients[client].call("terminateAllOtherSessions")
        return True

    async def cmd_update_profile(self, client, first=None, last=None, about=None):
        h = self.clients[client]
        if first is not None:
            await h.call("setName", first_name=first, last_name=last or "")
        if about is not None:
            await h.call("setBio", bio=about)
        return self.user_row(h, await h.call("getMe"))

    async def cmd_set_username(self, client, username):
        h = self.clients[client]
        await h.call("setUsername", username=username)
        return self.user_row(h, await h.call("getMe"))

    async def cmd_online(self, client, online=True):
        await self.clients[client].call("setOption", name="online", value={
            "@type": "optionValueBoolean", "value": online})
        return True

    async def cmd_get_privacy(self, client, key):
        answer = await self.clients[client].call(
            "getUserPrivacySettingRules", setting={"@type": PRIVACY[key]})
        return self.rules(answer)

    async def cmd_set_privacy(self, client, key, rule):
        h = self.clients[client]
        await h.call("setUserPrivacySettingRules", setting={"@type": PRIVACY[key]}, rules={
            "@type": "userPrivacySettingRules", "rules": [{"@type": RULES[rule]}]})
        return await self.cmd_get_privacy(client, key)

    @staticmethod
    def rules(answer):
        # The library leaves out the last rule when it is to refuse everybody, as it is for all lists.
        if not answer["rules"]:
            return ["nobody"]
        names = {v: k for k, v in RULES.items()}
        return [names.get(r["@type"], r["@type"]) for r in answer["rules"]]

    async def cmd_qr_export(self, client):
        h = self.clients[client]
        await h.call("requestQrCodeAuthentication", other_user_ids=[])
        await h.wait_state("authorizationStateWaitOtherDeviceConfirmation")
        return h.state["link"].split("token=", 1)[1]

    async def cmd_qr_wait(self, client):
        h = self.clients[client]
        await h.wait_state("authorizationStateReady", timeout=30)
        return await self.ready(h)

    async def cmd_qr_accept(self, client, token):
        answer = await self.clients[client].call(
            "confirmQrCodeAuthentication", link=f"tg://login?token={token}")
        return {"device": answer["device_model"]}

    # People.

    def user_row(self, h, u):
        usernames = u.get("usernames") or {}
        status = (u.get("status") or {}).get("@type", "").removeprefix("userStatus").lower()
        return base.user(
            u["id"], u["first_name"], u["last_name"], u["phone_number"],
            (usernames.get("active_usernames") or [None])[0], me=h.me and u["id"] == h.me["id"],
            status=status or None, contact=u.get("is_contact"))

    async def users(self, h, ids):
        return [self.user_row(h, await h.call("getUser", user_id=i)) for i in ids]

    async def cmd_import_contact(self, client, phone, first, last=""):
        h = self.clients[client]
        answer = await h.call("importContacts", contacts=[
            {"phone_number": phone, "first_name": first, "last_name": last}])
        return await self.users(h, [i for i in answer["user_ids"] if i])

    async def cmd_add_contact(self, client, peer, first, last="", phone=""):
        h = self.clients[client]
        await h.call("addContact", user_id=peer, share_phone_number=False, contact={
            "phone_number": phone, "first_name": first, "last_name": last})
        return (await self.users(h, [peer]))[0]

    async def cmd_delete_contact(self, client, peer):
        await self.clients[client].call("removeContacts", user_ids=[peer])

    async def cmd_contacts(self, client):
        h = self.clients[client]
        return await self.users(h, (await h.call("getContacts"))["user_ids"])

    async def cmd_search_people(self, client, q):
        h = self.clients[client]
        answer = await h.call("searchChatsOnServer", query=q, limit=20)
        return await self.users(h, answer["chat_ids"])

    async def cmd_resolve_username(self, client, username):
        h = self.clients[client]
        chat = await h.call("searchPublicChat", username=username)
        return (await self.users(h, [chat["id"]]))[0]

    async def cmd_resolve_phone(self, client, phone):
        h = self.clients[client]
        return self.user_row(h, await h.call("searchUserByPhoneNumber", phone_number=phone, only_local=False))

    async def cmd_get_user(self, client, peer):
        h = self.clients[client]
        return (await self.users(h, [peer]))[0]

    async def cmd_full_user(self, client, peer):
        h = self.clients[client]
        peer = self.peer(h, peer)
        full = await h.call("getUserFullInfo", user_id=peer)
        chat = await h.call("createPrivateChat", user_id=peer, force=False)
        bio = full.get("bio") or {}
        return {
            "about": bio.get("text"), "blocked": bool(full.get("block_list")), "pinned": None,
            "ttl": chat.get("message_auto_delete_time") or None,
        }

    async def cmd_block(self, client, peer, blocked=True):
        await self.clients[client].call("setMessageSenderBlockList", sender_id={
            "@type": "messageSenderUser", "user_id": peer,
        }, block_list={"@type": "blockListMain"} if blocked else None)
        return True

    async def cmd_blocked(self, client):
        answer = await self.clients[client].call(
            "getBlockedMessageSenders", block_list={"@type": "blockListMain"}, offset=0, limit=100)
        return [s["user_id"] for s in answer["senders"]]

    # Messages.

    def peer(self, h, peer):
        return h.me["id"] if peer == "self" else peer

    async def chat(self, h, peer):
        peer = self.peer(h, peer)
        if peer not in h.chats:
            h.chats[peer] = await h.call("createPrivateChat", user_id=peer, force=False)
        return peer

    def message_row(self, h, m):
        content = m["content"]
        kind = content["@type"]
        text = content.get("text") if kind == "messageText" else None
        reply = m.get("reply_to") or {}
        scheduled = m.get("scheduling_state") is not None
        number = (m["id"] >> 3) & ((1 << 18) - 1) if scheduled else m["id"] >> SERVER_ID_SHIFT
        row = base.message(
            number, m["chat_id"], m["sender_id"].get("user_id"), m["is_outgoing"],
            text["text"] if text else "", m["date"],
            reply_to=(reply.get("message_id") or 0) >> SERVER_ID_SHIFT or None,
            ttl=int(m.get("auto_delete_in") or 0) and self.ttl(h, m), pinned=m.get("is_pinned", False),
            edited=bool(m.get("edit_date")),
        )
        if text:
            row["entities"] = [
                {"type": entity_name(e["type"]["@type"]), "offset": e["offset"], "length": e["length"]}
                for e in text["entities"]
            ]
        else:
            row["service"] = SERVICES.get(kind, kind)
            row["period"] = content.get("message_auto_delete_time")
        origin = (m.get("forward_info") or {}).get("origin")
        if origin:
            row["forward_from"] = origin.get("sender_user_id") or origin.get("sender_name")
        info = m.get("interaction_info") or {}
        row["reactions"] = reaction_rows(info.get("reactions"))
        return row

    def ttl(self, h, m):
        return (h.chats.get(m["chat_id"]) or {}).get("message_auto_delete_time") or int(m["auto_delete_in"]) or None

    def content(self, text, entities=None):
        return {
            "@type": "inputMessageText", "clear_draft": False,
            "link_preview_options": {"@type": "linkPreviewOptions", "is_disabled": True},
            "text": {"@type": "formattedText", "text": text, "entities": [
                {"@type": "textEntity", "offset": e["offset"], "length": e["length"],
                 "type": {"@type": ENTITIES[e["type"]]}} for e in entities or []
            ]},
        }

    async def sent(self, h, pending, timeout=60):
        """The message once the server has taken it (the library first shows it as pending)."""
        future = h.sending.get((pending["chat_id"], pending["id"]))
        if future is None:
            future = asyncio.get_running_loop().create_future()
            h.sending[pending["chat_id"], pending["id"]] = future
        update = await asyncio.wait_for(future, timeout)
        if update["@type"] == "updateMessageSendFailed":
            raise refusal(update["error"])
        return update["message"]

    async def cmd_send(self, client, peer, text, entities=None, reply_to=None, silent=None,
                       schedule_in=None):
        h = self.clients[client]
        chat = await self.chat(h, peer)
        options = {"@type": "messageSendOptions", "disable_notification": bool(silent)}
        if schedule_in:
            options["scheduling_state"] = {
                "@type": "messageSchedulingStateSendAtDate", "send_date": int(time.time()) + schedule_in}
        query = {"chat_id": chat, "options": options, "input_message_content": self.content(text, entities)}
        if reply_to:
            await h.call("getMessage", chat_id=chat, message_id=reply_to << SERVER_ID_SHIFT)
            query["reply_to"] = {
                "@type": "inputMessageReplyToMessage", "message_id": reply_to << SERVER_ID_SHIFT}
        pending = await h.call("sendMessage", **query)
        return self.message_row(h, await self.sent(h, pending))

    async def cmd_edit(self, client, peer, id, text):
        h = self.clients[client]
        chat = await self.chat(h, peer)
        # The library edits only what it has loaded.
        await h.call("getMessage", chat_id=chat, message_id=id << SERVER_ID_SHIFT)
        m = await h.call("editMessageText", chat_id=chat, message_id=id << SERVER_ID_SHIFT,
                         input_message_content=self.content(text))
        return self.message_row(h, m)

    async def cmd_delete(self, client, peer, ids, revoke=True):
        h = self.clients[client]
        chat = await self.chat(h, peer)
        for i in ids:
            await h.call("getMessage", chat_id=chat, message_id=i << SERVER_ID_SHIFT)
        await h.call("deleteMessages", chat_id=chat,
                     message_ids=[i << SERVER_ID_SHIFT for i in ids], revoke=revoke)
        return {"pts_count": None}

    async def cmd_delete_history(self, client, peer, revoke=False, just_clear=False):
        h = self.clients[client]
        await h.call("deleteChatHistory", chat_id=await self.chat(h, peer),
                     remove_from_chat_list=not just_clear, revoke=revoke)

    async def cmd_forward(self, client, source, ids, to):
        h = self.clients[client]
        source, to = await self.chat(h, source), await self.chat(h, to)
        for i in ids:
            await h.call("getMessage", chat_id=source, message_id=i << SERVER_ID_SHIFT)
        answer = await h.call("forwardMessages", chat_id=to, from_chat_id=source,
                              message_ids=[i << SERVER_ID_SHIFT for i in ids])
        return [self.message_row(h, await self.sent(h, m)) for m in answer["messages"] if m]

    async def cmd_read(self, client, peer, max_id=0):
        h = self.clients[client]
        chat = await self.chat(h, peer)
        if not max_id:
            page = await self.page(h, chat, 0, 0, 1)
            max_id = page[0]["id"] >> SERVER_ID_SHIFT
        await h.call("openChat", chat_id=chat)
        await h.call("viewMessages", chat_id=chat, message_ids=[max_id << SERVER_ID_SHIFT],
                     force_read=True)
        await h.call("closeChat", chat_id=chat)

    async def cmd_typing(self, client, peer, action="typing"):
        kinds = {"typing": "chatActionTyping", "cancel": "chatActionCancel"}
        h = self.clients[client]
        await h.call("sendChatAction", chat_id=await self.chat(h, peer), action={"@type": kinds[action]})
        return True

    async def page(self, h, chat, from_id, offset, limit):
        answer = await h.call("getChatHistory", chat_id=chat, from_message_id=from_id,
                              offset=offset, limit=limit, only_local=False)
        return answer["messages"]

    async def cmd_walk(self, client, peer):
        h = self.clients[client]
        chat = await self.chat(h, peer)
        found, last = [], 0
        while rows := await self.page(h, chat, last, 0, 100):
            rows = [m for m in rows if m["id"] != last]
            if not rows:
                break
            found += rows
            last = rows[-1]["id"]
        return [self.message_row(h, m) for m in found]

    async def cmd_history(self, client, peer, limit=100, offset_id=0, add_offset=0):
        """The library pages by message and offset; its `from_message_id` is left out of the page."""
        h = self.clients[client]
        chat = await self.chat(h, peer)
        found, last = [], offset_id << SERVER_ID_SHIFT
        # It may answer with fewer than asked, first what it has at hand.
        while len(found) < limit:
            rows = await self.page(h, chat, last, add_offset, limit - len(found))
            rows = [m for m in rows if m["id"] not in {f["id"] for f in found}]
            if add_offset == 0:
                rows = [m for m in rows if m["id"] != last]
            if not rows:
                break
            found += rows
            last, add_offset = rows[-1]["id"], 0
        return [self.message_row(h, m) for m in found]

    async def cmd_get_messages(self, client, peer, ids):
        h = self.clients[client]
        chat = await self.chat(h, peer)
        found = []
        for i in ids:
            try:
                m = await h.call("getMessage", chat_id=chat, message_id=i << SERVER_ID_SHIFT)
                found.append(self.message_row(h, m))
            except Refused as e:
                if e.code != 404:
                    raise
                found.append(None)
        return found

    async def cmd_search(self, client, peer, q, limit=100):
        h = self.clients[client]
        answer = await h.call("searchChatMessages", chat_id=await self.chat(h, peer), query=q,
                              from_message_id=0, offset=0, limit=limit)
        return [self.message_row(h, m) for m in answer["messages"]]

    async def cmd_search_global(self, client, q, limit=100):
        h = self.clients[client]
        answer = await h.call("searchMessages", query=q, offset="", limit=limit, min_date=0, max_date=0)
        return [self.message_row(h, m) for m in answer["messages"]]

    async def cmd_dialogs(self, client, limit=None):
        h = self.clients[client]
        main = {"@type": "chatListMain"}
        answer = await h.call("getChats", chat_list=main, limit=limit or 1000)
        rows = []
        for i in answer["chat_ids"]:
            d = await h.call("getChat", chat_id=i)
            last = d.get("last_message")
            draft = d.get("draft_message")
            rows.append({
                "peer": i, "top": last["id"] >> SERVER_ID_SHIFT if last else 0,
                "unread": d["unread_count"], "unread_mark": d["is_marked_as_unread"],
                "pinned": any(p["is_pinned"] for p in d["positions"]),
                "read_in": d["last_read_inbox_message_id"] >> SERVER_ID_SHIFT,
                "read_out": d["last_read_outbox_message_id"] >> SERVER_ID_SHIFT,
                "draft": draft_text(draft), "ttl": d.get("message_auto_delete_time") or None,
            })
        return rows

    async def cmd_pin(self, client, peer, id, both=True):
        h = self.clients[client]
        chat = await self.chat(h, peer)
        await h.call("getMessage", chat_id=chat, message_id=id << SERVER_ID_SHIFT)
        await h.call("pinChatMessage", chat_id=chat, message_id=id << SERVER_ID_SHIFT,
                     disable_notification=True, only_for_self=not both)

    async def cmd_unpin(self, client, peer, id):
        h = self.clients[client]
        await h.call("unpinChatMessage", chat_id=await self.chat(h, peer),
                     message_id=id << SERVER_ID_SHIFT)

    async def cmd_save_draft(self, client, peer, text):
        h = self.clients[client]
        chat = await self.chat(h, peer)
        # The draft of a chat reaches the server when the chat is left.
        await h.call("openChat", chat_id=chat)
        await h.call("setChatDraftMessage", chat_id=chat, draft_message={
            "@type": "draftMessage", "date": int(time.time()),
            "input_message_text": self.content(text),
            "content": {"@type": "draftMessageContentText", "text": self.content(text)["text"],
                        "link_preview_options": {"@type": "linkPreviewOptions", "is_disabled": True}},
        } if text else None)
        await h.call("closeChat", chat_id=chat)
        return True

    async def cmd_mark_unread(self, client, peer, unread=True):
        h = self.clients[client]
        await h.call("toggleChatIsMarkedAsUnread", chat_id=await self.chat(h, peer),
                     is_marked_as_unread=unread)
        return True

    async def cmd_pin_dialog(self, client, peer, pinned=True):
        h = self.clients[client]
        await h.call("getChats", chat_list={"@type": "chatListMain"}, limit=100)
        await h.call("toggleChatIsPinned", chat_list={"@type": "chatListMain"},
                     chat_id=await self.chat(h, peer), is_pinned=pinned)
        return True

    async def cmd_set_ttl(self, client, peer, period):
        h = self.clients[client]
        await h.call("setChatMessageAutoDeleteTime", chat_id=await self.chat(h, peer),
                     message_auto_delete_time=period)

    async def cmd_scheduled(self, client, peer):
        h = self.clients[client]
        answer = await h.call("getChatScheduledMessages", chat_id=await self.chat(h, peer))
        h.scheduled = {self.message_row(h, m)["id"]: m["id"] for m in answer["messages"]}
        return [self.message_row(h, m) for m in answer["messages"]]

    async def cmd_delete_scheduled(self, client, peer, ids):
        h = self.clients[client]
        await self.cmd_scheduled(client, peer)
        await h.call("deleteMessages", chat_id=await self.chat(h, peer),
                     message_ids=[h.scheduled[i] for i in ids], revoke=True)

    async def cmd_send_scheduled(self, client, peer, ids):
        h = self.clients[client]
        await self.cmd_scheduled(client, peer)
        for i in ids:
            await h.call("editMessageSchedulingState", chat_id=await self.chat(h, peer),
                         message_id=h.scheduled[i])

    # Events.

    def deliver(self, library, row):
        h = self.handles.get((library, row.get("@client_id")))
        if h is None:
            return
        if "@extra" in row:
            future = h.queries.pop(row["@extra"], None)
            if future and not future.done():
                future.set_result(row)
            return
        kind = row["@type"]
        method = getattr(self, "on_" + kind, None)
        if method:
            method(h, row)
        elif kind == "updateAuthorizationState":
            task = asyncio.get_running_loop().create_task(self.on_state(h, row["authorization_state"]))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def on_state(self, h, state):
        async with h.state_changed:
            h.state = state
            h.state_changed.notify_all()
        self.emit(h.name, "auth_state", state=state["@type"].removeprefix("authorizationState"))

    def on_updateConnectionState(self, h, row):
        h.connection = row["state"]["@type"]

    def on_updateNewChat(self, h, row):
        h.chats[row["chat"]["id"]] = row["chat"]

    def on_updateChatMessageAutoDeleteTime(self, h, row):
        if row["chat_id"] in h.chats:
            h.chats[row["chat_id"]]["message_auto_delete_time"] = row["message_auto_delete_time"]
        self.emit(h.name, "ttl", chat=row["chat_id"], period=row["message_auto_delete_time"] or None)

    def on_updateNewMessage(self, h, row):
        m = row["message"]
        if m.get("sending_state") is None:
            self.emit(h.name, "new_message", message=self.message_row(h, m))

    def finish_sending(self, h, row):
        key = (row["message"]["chat_id"], row["old_message_id"])
        future = h.sending.get(key)
        if future is None:
            future = h.sending[key] = asyncio.get_running_loop().create_future()
        if not future.done():
            future.set_result(row)

    on_updateMessageSendSucceeded = finish_sending
    on_updateMessageSendFailed = finish_sending

    def on_updateMessageEdited(self, h, row):
        async def fetch():
            m = await h.call("getMessage", chat_id=row["chat_id"], message_id=row["message_id"])
            self.emit(h.name, "edited", message=self.message_row(h, m))
        task = asyncio.get_running_loop().create_task(fetch())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def on_updateDeleteMessages(self, h, row):
        if row["is_permanent"] and not row["from_cache"]:
            self.emit(h.name, "deleted", ids=[i >> SERVER_ID_SHIFT for i in row["message_ids"]])

    def on_updateChatReadOutbox(self, h, row):
        self.emit(h.name, "read_outbox", chat=row["chat_id"],
                  max_id=row["last_read_outbox_message_id"] >> SERVER_ID_SHIFT)

    def on_updateChatReadInbox(self, h, row):
        self.emit(h.name, "read_inbox", chat=row["chat_id"],
                  max_id=row["last_read_inbox_message_id"] >> SERVER_ID_SHIFT)

    def on_updateChatAction(self, h, row):
        action = row["action"]["@type"].removeprefix("chatAction").lower()
        self.emit(h.name, "typing", user=row["sender_id"].get("user_id"), action=action)

    def on_updateUserStatus(self, h, row):
        self.emit(h.name, "status", user=row["user_id"],
                  status=row["status"]["@type"].removeprefix("userStatus").lower())

    def on_updateMessageInteractionInfo(self, h, row):
        info = row.get("interaction_info") or {}
        self.emit(h.name, "reactions", chat=row["chat_id"], id=row["message_id"] >> SERVER_ID_SHIFT,
                  reactions=reaction_rows(info.get("reactions")))

    def on_updateChatDraftMessage(self, h, row):
        self.emit(h.name, "draft", chat=row["chat_id"], text=draft_text(row.get("draft_message")))

    def on_updateMessageIsPinned(self, h, row):
        self.emit(h.name, "pinned", chat=row["chat_id"], ids=[row["message_id"] >> SERVER_ID_SHIFT],
                  pinned=row["is_pinned"])

    def on_updateChatIsMarkedAsUnread(self, h, row):
        self.emit(h.name, "unread_mark", chat=row["chat_id"], unread=row["is_marked_as_unread"])

    def on_updateChatPosition(self, h, row):
        self.emit(h.name, "dialog_pinned", chat=row["chat_id"], pinned=row["position"]["is_pinned"])

    def on_updateChatBlockList(self, h, row):
        self.emit(h.name, "blocked", chat=row["chat_id"], blocked=bool(row.get("block_list")))

    def translate(self, e):
        if isinstance(e, asyncio.TimeoutError):
            return Refused("no answer from the library", kind="network")
        return None


def draft_text(draft):
    if not draft:
        return None
    for holder in (draft.get("input_message_text"), draft.get("content")):
        if holder and "text" in holder:
            return holder["text"]["text"]
    return None


def entity_name(kind):
    name = kind.removeprefix("textEntityType").lower()
    return ENTITY_NAMES.get(name, name)


def reaction_rows(reactions):
    rows = reactions["reactions"] if isinstance(reactions, dict) else reactions or []
    return [
        {"emoji": r["type"].get("emoji"), "count": r["total_count"], "chosen": r["is_chosen"]}
        for r in rows
    ]


if __name__ == "__main__":
    Tdlib().main()
