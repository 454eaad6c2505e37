//! Every table and column: whose it is, what for, how long it stays, how it is protected.
//!
//! A test compares this with the schema of both engines, so a field cannot be stored without an
//! entry here. (Spec P1.1b, P3.3.1, P4.3.)

/// A table of the database.
pub struct Table {
    pub name: &'static str,
    /// Whose data it is, and so with whose data key its sealed columns are sealed.
    pub owner: &'static str,
    pub purpose: &'static str,
    /// When a row goes.
    pub retention: &'static str,
    pub columns: &'static [Column],
}

pub struct Column {
    pub name: &'static str,
    pub protection: Protection,
}

/// How a column is protected on disk.
pub enum Protection {
    /// Encrypted under its owner's data key, bound to table, owner and row.
    Sealed,
    /// A keyed hash: can be looked up by those who have the root key (and the owner's data key, where it was
    /// made with that), and read by nobody.
    Hashed,
    /// As it is; the reason why that is right.
    Plain(&'static str),
}

/// Whether `table` or `table.column` is a place that the vault seals for.
pub fn is_sealed(place: &str) -> bool {
    let (name, column) = place.split_once('.').map_or((place, None), |(name, column)| (name, Some(column)));
    let Some(table) = TABLES.iter().find(|table| table.name == name) else { return false };
    table.columns.iter().any(|candidate| {
        matches!(candidate.protection, Protection::Sealed)
            && column.is_none_or(|column| column == candidate.name)
    })
}

const fn sealed(name: &'static str) -> Column {
    Column { name, protection: Protection::Sealed }
}

const fn hashed(name: &'static str) -> Column {
    Column { name, protection: Protection::Hashed }
}

const fn plain(name: &'static str, reason: &'static str) -> Column {
    Column { name, protection: Protection::Plain(reason) }
}

const ID: &str = "a number that this server gave out";
const DATE: &str = "the server's own clock, for order and retention";
const COUNT: &str = "a counter of this server";
const STATE: &str = "a state of this server, from a fixed list";
const RANDOM: &str = "random bytes";
const ACCOUNT: &str = "until the account is deleted";
const SERVER: &str = "the server";
const USER: &str = "the user";

/// All tables, in the order of the migrations.
pub const TABLES: &[Table] = &[
    Table {
        name: "migrations",
        owner: SERVER,
        purpose: "which migrations have run",
        retention: "for good",
        columns: &[
            plain("number", COUNT),
            plain("checksum", "a hash of this program's own text"),
            plain("applied_at", DATE),
        ],
    },
    Table {
        name: "meta",
        owner: SERVER,
        purpose: "facts about this database, by name",
        retention: "for good",
        columns: &[
            plain("name", "a name from this program's text"),
            plain("value", "a fact of the server, of no user; secrets come from the root key"),
        ],
    },
    Table {
        name: "shreds",
        owner: USER,
        purpose: "data keys that must be deleted, so that a crash does not save them",
        retention: "until the key is deleted: moments",
        columns: &[plain("owner_kind", STATE), plain("owner_id", ID), plain("asked_at", DATE)],
    },
    Table {
        name: "users",
        owner: USER,
        purpose: "the account",
        retention: "until the account is deleted; of a deleted one the id stays, and nothing else: others keep what \
                    they were written, and are shown that its author is gone",
        columns: &[
            plain("id", ID),
            hashed("phone_hash"),
            sealed("profile"),
            hashed("username_hash"),
            plain("created_at", DATE),
            plain("last_seen", "shown by the privacy rules"),
            plain("last_active", "for the time limit of unused accounts"),
            plain("flags", STATE),
            plain("delete_after_days", "the job that deletes unused accounts selects by it"),
            plain("sign_out_after_days", "the job that signs unused devices out selects by it"),
            plain("version", COUNT),
        ],
    },
    Table {
        name: "deletions",
        owner: USER,
        purpose: "accounts that are deleted and of which rows are left, so that a crash does not save them",
        retention: "until the rows are deleted: seconds",
        columns: &[plain("user_id", ID), plain("asked_at", DATE)],
    },
    Table {
        name: "auth_keys",
        owner: "the key is the server's; the device is the server's until somebody signs in, then the user's",
        purpose: "authorization keys and the devices that hold them",
        retention: "until signed out (the device), destroyed or expired; 12 months without use at most (P5.2)",
        columns: &[
            plain("id", "a hash of the key that goes over the wire in the open"),
            sealed("key"),
            plain("temporary", STATE),
            plain("perm_id", "the id of another authorization key"),
            plain("user_id", ID),
            plain("created_at", DATE),
            plain("expires_at", DATE),
            plain("initial_salt", "no secret: it goes stale within the hour"),
            plain("dc", ID),
            plain("layer", "a version of the protocol"),
            sealed("device"),
            plain("signed_in_at", DATE),
            plain("last_active", DATE),
            plain("main_id", "the id of another authorization key"),
            plain("flags", STATE),
        ],
    },
    Table {
        name: "sign_in_codes",
        owner: "the holder of the number",
        purpose: "sign-in codes that were sent and are not used yet",
        retention: "until used or expired: minutes",
        columns: &[
            plain("phone_code_hash", RANDOM),
            hashed("phone_hash"),
            hashed("code_hash"),
            plain("auth_key_id", "the id of an authorization key"),
            plain("created_at", DATE),
            plain("expires_at", DATE),
            plain("tries", COUNT),
            plain("state", STATE),
            sealed("payload"),
        ],
    },
    Table {
        name: "counters",
        owner: SERVER,
        purpose: "flood limits",
        retention: "until the window is over: a day at most",
        columns: &[hashed("name"), plain("window_start", DATE), plain("count", COUNT)],
    },
    Table {
        name: "login_tokens",
        owner: "the device that shows the QR code, or that carries its sign-in to another data centre",
        purpose: "sign-in by QR code, and of a second key of the same device",
        retention: "until accepted or expired: a minute",
        columns: &[
            hashed("token_hash"),
            plain("kind", STATE),
            plain("auth_key_id", "the id of an authorization key"),
            plain("created_at", DATE),
            plain("expires_at", DATE),
            plain("user_id", ID),
        ],
    },
    Table {
        name: "boxes",
        owner: USER,
        purpose: "counters of the message box",
        retention: ACCOUNT,
        columns: &[
            plain("owner", ID),
            plain("pts", COUNT),
            plain("next_message_id", COUNT),
            plain("qts", COUNT),
            plain("scheduled_id", COUNT),
            plain("floor", COUNT),
        ],
    },
    Table {
        name: "messages",
        owner: "the user in whose box the copy is",
        purpose: "cloud messages",
        retention: "until deleted by either side, by its timer, or with the account",
        columns: &[
            plain("owner", ID),
            plain("id", COUNT),
            plain("peer", "history is paged by it"),
            plain("twin", "the number of the same message in the other person's box"),
            plain("from_id", "unread counts leave out one's own"),
            plain("date", DATE),
            plain("edit_date", DATE),
            plain("flags", STATE),
            plain("random_id", RANDOM),
            plain("reply_to", "the number of another message of the box"),
            plain("expires_at", "the job that deletes messages selects by it"),
            sealed("content"),
            plain("pts", "the place of the message's arrival in the box's order of events"),
            plain("read_at", "shown to the author for a week, as the privacy rules allow"),
            plain("saved_peer", "Saved Messages are shown by the dialog that they came from"),
        ],
    },
    Table {
        name: "events",
        owner: "the user whose box it is",
        purpose: "the log from which devices catch up",
        retention: "367 days, longer than a device can stay away; texts are not in it, only where they are",
        columns: &[
            plain("owner", ID),
            plain("pts", COUNT),
            plain("sub", COUNT),
            plain("count", COUNT),
            plain("kind", STATE),
            plain("date", DATE),
            plain("message_id", "the number of a message of the box"),
            sealed("payload"),
        ],
    },
    Table {
        name: "dialogs",
        owner: USER,
        purpose: "the list of chats",
        retention: "until the dialog is deleted, or the account",
        columns: &[
            plain("owner", ID),
            plain("peer", "the dialog is found by it"),
            plain("top_message", "the number of a message of the box"),
            plain("top_date", DATE),
            plain("read_inbox_max", "the number of a message of the box"),
            plain("read_outbox_max", "the number of a message of the box"),
            plain("unread_count", COUNT),
            plain("flags", STATE),
            plain("pin_order", COUNT),
            sealed("draft"),
            plain("draft_date", DATE),
            plain("ttl_period", "a number of seconds"),
        ],
    },
    Table {
        name: "contacts",
        owner: "the user who saved the contact",
        purpose: "the address book that the user chose to synchronise",
        retention: "until deleted by the user, or with the account",
        columns: &[
            plain("owner", ID),
            hashed("phone_hash"),
            plain("user_id", ID),
            sealed("entry"),
            plain("created_at", DATE),
        ],
    },
    Table {
        name: "blocks",
        owner: "the user who blocked somebody",
        purpose: "who may not write",
        retention: "until unblocked, or with the account",
        columns: &[plain("owner", ID), plain("peer", "each send asks for it"), plain("date", DATE)],
    },
    Table {
        name: "privacy",
        owner: USER,
        purpose: "who may see what",
        retention: ACCOUNT,
        columns: &[plain("owner", ID), plain("rule", STATE), sealed("value")],
    },
    Table {
        name: "scheduled",
        owner: "the user who will send the message",
        purpose: "messages for later",
        retention: "until sent or deleted, or with the account",
        columns: &[
            plain("owner", ID),
            plain("id", COUNT),
            plain("peer", "the list of a dialog is read by it"),
            plain("date", "the job that sends messages selects by it"),
            plain("edit_date", DATE),
            plain("flags", STATE),
            plain("random_id", RANDOM),
            plain("reply_to", "the number of another message of the box"),
            sealed("content"),
        ],
    },
    Table {
        name: "sent",
        owner: "the user who sent the message",
        purpose: "so that a repeated request does not send a message again that is deleted already",
        retention: "two days after the message",
        columns: &[
            plain("owner", ID),
            plain("random_id", RANDOM),
            plain("message_id", "the number that a message of the box had"),
            plain("pts", "the place of the message's arrival in the box's order of events"),
            plain("date", DATE),
        ],
    },
    Table {
        name: "reactions",
        owner: "the user in whose box the message is",
        purpose: "reactions to messages",
        retention: "until taken back, or with the message",
        columns: &[
            plain("owner", ID),
            plain("message_id", "the number of a message of the box"),
            plain("user_id", ID),
            plain("position", COUNT),
            plain("date", DATE),
            sealed("reaction"),
        ],
    },
    Table {
        name: "word_packs",
        owner: USER,
        purpose: "the search index",
        retention: "as long as all messages that it is of",
        columns: &[
            plain("owner", ID),
            plain("pack", "the numbers of the messages of the box, divided"),
            sealed("words"),
        ],
    },
    Table {
        name: "settings",
        owner: USER,
        purpose: "settings that follow the user to every device",
        retention: ACCOUNT,
        columns: &[plain("owner", ID), plain("name", "a name from this program's text"), sealed("value")],
    },
    Table {
        name: "notify_settings",
        owner: USER,
        purpose: "which chats make devices ring",
        retention: "until reset, or with the account",
        columns: &[
            plain("owner", ID),
            plain("scope", "a kind of chats, or a dialog's peer"),
            sealed("value"),
        ],
    },
    Table {
        name: "outbox",
        owner: SERVER,
        purpose: "work for other services: e-mails, web hooks",
        retention: "until done or given up: days",
        columns: &[
            plain("id", COUNT),
            plain("kind", STATE),
            plain("due_at", DATE),
            sealed("payload"),
            plain("tries", COUNT),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_places_are_known() {
        for place in ["messages", "messages.content", "auth_keys.device", "auth_keys.key"] {
            assert!(is_sealed(place), "{place}");
        }
        for place in ["messages.peer", "boxes", "nothing", "messages.nothing", ""] {
            assert!(!is_sealed(place), "{place}");
        }
    }
}
