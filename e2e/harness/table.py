"""What each library is driven to do, and what it cannot do and why.

Every pair of a command that tests use and a library is either in the driver's `hello` or declared
here; `test_table.py` compares the two, so nothing is left out in silence.
"""

LIBRARIES = ("telethon", "kurigram", "pyrogram", "mtcute", "grammers", "tdlib", "gramjs")

# The library that plays the other side when one is under test: always another one.
OTHER = {lib: "telethon" for lib in LIBRARIES} | {"telethon": "kurigram"}

# All commands of the suite, by who lacks them and why.
LACKING = {
    "add_contact": {"gramjs": "covered by six libraries; the driver is a smaller one"},
    "blocked": {"gramjs": "covered by six libraries; the driver is a smaller one"},
    "catch_up": {
        "pyrogram": "2.0.106 never asks for the difference",
        "grammers": "only at start (open with catch_up)",
        "tdlib": "does it by itself, always",
        "gramjs": "has none: pushed updates are all it sees",
    },
    "contacts": {},
    "delete_account": {
        lib: "one request, the same in every library: Telethon and the Pyrograms send it"
        for lib in ("mtcute", "grammers", "tdlib", "gramjs")
    },
    "delete_contact": {"grammers": "no high-level call", "gramjs": "no high-level call"},
    "delete_scheduled": {},
    "full_user": {"gramjs": "covered by six libraries; the driver is a smaller one"},
    "get_privacy": {"gramjs": "covered by six libraries; the driver is a smaller one"},
    "get_user": {"grammers": "resolves through the peer cache only"},
    "kill_other_sessions": {
        lib: "one request, the same in every library: Telethon and TDLib send it"
        for lib in ("kurigram", "pyrogram", "mtcute", "grammers", "gramjs")
    },
    "qr_accept": {
        "pyrogram": "2.0.106 has no QR sign-in", "grammers": "has no QR sign-in",
        "gramjs": "covered by four libraries; the driver is a smaller one",
    },
    "qr_export": {
        "pyrogram": "2.0.106 has no QR sign-in", "grammers": "has no QR sign-in",
        "gramjs": "covered by four libraries; the driver is a smaller one",
    },
    "react": {"tdlib": "sends only reactions that came with sticker files; media are not built yet"},
    "send_raw": {
        "tdlib": "chooses random_id itself", "gramjs": "covered by five libraries",
    },
    "send_scheduled": {
        "kurigram": "no high-level call", "pyrogram": "no high-level call",
        "grammers": "no high-level call", "gramjs": "no high-level call",
    },
    "set_privacy": {"gramjs": "covered by six libraries; the driver is a smaller one"},
    "state": {"tdlib": "keeps its update state to itself"},
}

# Forms of a command that a library has no way to ask for.
FORMS = {
    "history: skip rows": {"tdlib": "takes no positive offset"},
    "history: bounds": {"tdlib": "has no bounds in a history request"},
    "history: date": {
        "tdlib": "has another call for it", "telethon": "takes a date object; the request is the same",
    },
    "history: oldest first": {"tdlib": "has no such order", "pyrogram": "has no such order"},
    "clock ahead": {
        "grammers": "keeps its message ids rising, so a stored session with a clock ahead is stuck",
        "kurigram": "keeps its message ids rising, so a clock ahead is never put right",
        "pyrogram": "2.0.106 takes no time from the server",
    },
    "clock behind": {"pyrogram": "2.0.106 takes no time from the server"},
    "offline catch-up": {
        "pyrogram": "2.0.106 never asks for the difference",
        "gramjs": "has none: pushed updates are all it sees",
    },
}

# Commands that every driver must have.
EVERYWHERE = (
    "block", "close", "connected", "delete", "delete_history", "dialogs", "edit", "forward",
    "get_messages", "history", "import_contact", "kill_session", "log_out", "mark_unread", "me",
    "online", "open", "pin", "pin_dialog", "read", "resolve_phone", "resolve_username", "save_draft",
    "scheduled", "search", "search_global", "search_people", "send", "send_code", "sessions",
    "set_ttl", "set_username", "sign_in", "sign_up", "typing", "unpin", "update_profile", "walk",
)

# Transports of each library, the first being the one that it uses by itself.
TRANSPORTS = {
    "telethon": ("full", "abridged", "intermediate", "obfuscated", "http", "https",
                 "proxy_abridged", "proxy_intermediate", "proxy_padded"),
    "kurigram": ("abridged", "intermediate", "full", "obfuscated_abridged",
                 "obfuscated_intermediate", "padded", "proxy", "proxy_padded"),
    "pyrogram": ("abridged", "intermediate", "full", "obfuscated_abridged", "obfuscated_intermediate"),
    "mtcute": ("intermediate", "padded", "obfuscated", "proxy", "proxy_padded", "pfs"),
    "grammers": ("full",),
    "tdlib": ("proxy", "proxy_padded", "proxy_pfs"),
    "gramjs": ("full", "abridged", "obfuscated", "websocket", "websocket_tls"),
}

# Transports that need the server to have a certificate.
TLS = {("telethon", "https"), ("gramjs", "websocket_tls")}

# Libraries that hear of messages only when they ask (the HTTP transport answers, it does not push).
POLLING = {("telethon", "http"), ("telethon", "https")}


def lacks(library, what):
    return {**LACKING, **FORMS}.get(what, {}).get(library)


def having(*wanted):
    """The libraries that have all of these commands and forms."""
    assert all(w in LACKING or w in FORMS for w in wanted), wanted
    return [lib for lib in LIBRARIES if not any(lacks(lib, w) for w in wanted)]
