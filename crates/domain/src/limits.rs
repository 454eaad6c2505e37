//! Every limit of the product, named once.
//!
//! Values that a client can see are those of the official cloud, because clients carry them as defaults.
//! Sources: the API's "help.getConfig", "Client configuration" and "Limits" pages.
//! Rates (how often something may be done) are in [`crate::flood`].

// Text. Lengths are in UTF-16 code units, as the protocol counts them.

/// A message's text.
pub const MESSAGE_LENGTH: usize = 4096;
/// A caption under media.
pub const CAPTION_LENGTH: usize = 1024;
/// What a reply quotes of the message that it answers.
pub const QUOTE_LENGTH: usize = 1024;
/// Entities kept per message; what goes beyond is dropped, as the cloud does.
pub const MESSAGE_ENTITIES: usize = 100;
/// Entities that a request may bring at all, before they are merged and cut.
pub const MESSAGE_ENTITIES_GIVEN: usize = 1000;
/// The address behind a text link.
pub const TEXT_URL_LENGTH: usize = 2048;
/// The language tag of a code block.
pub const PRE_LANGUAGE_LENGTH: usize = 64;
/// A hashtag without its `#`.
pub const HASHTAG_LENGTH: usize = 256;

// Names. Lengths are in characters.

pub const NAME_LENGTH: usize = 64;
pub const ABOUT_LENGTH: usize = 70;
pub const ABOUT_LENGTH_PREMIUM: usize = 140;
pub const USERNAME_LENGTH_MIN: usize = 5;
pub const USERNAME_LENGTH_MAX: usize = 32;

// E-mail addresses, in bytes (RFC 5321).

pub const EMAIL_LENGTH: usize = 254;
pub const EMAIL_LOCAL_LENGTH: usize = 64;

// Phone numbers, in digits with the country code (E.164 ends at 15).

pub const PHONE_LENGTH_MIN: usize = 7;
pub const PHONE_LENGTH_MAX: usize = 15;

// Sign-in.

pub const CODE_LENGTH: usize = 5;
pub const CODE_LIFETIME_SECS: i64 = 300;
/// Wrong tries that one code survives.
pub const CODE_TRIES: u32 = 5;
/// How long a client waits before it may ask for the next channel (`auth.resendCode`).
pub const CODE_RESEND_SECS: i32 = 60;
pub const LOGIN_TOKEN_LIFETIME_SECS: i64 = 30;
/// `auth.exportAuthorization` to `auth.importAuthorization`.
pub const EXPORTED_AUTHORIZATION_LIFETIME_SECS: i64 = 60;
/// The longest life of a temporary key that may be bound.
pub const TEMP_KEY_LIFETIME_SECS: i64 = 7 * DAY;
/// Devices of one account.
pub const AUTHORIZATIONS: usize = 100;
/// Device model, system version and so on from `initConnection`, in characters.
pub const DEVICE_FIELD_LENGTH: usize = 128;
/// A device that did not connect for so long is signed out, unless the user chose another period.
pub const AUTHORIZATION_TTL_DAYS: i32 = 180;
pub const AUTHORIZATION_TTL_DAYS_MIN: i32 = 1;
pub const AUTHORIZATION_TTL_DAYS_MAX: i32 = 366;
/// A device that was signed in less than this ago cannot sign out those that were there before it.
pub const FRESH_AUTHORIZATION_SECS: i64 = DAY;
/// A key that nobody is signed in with is forgotten when it was not used for so long.
pub const UNUSED_KEY_DAYS: i64 = 30;
/// The same for a key with which no client ever said what it is.
pub const SILENT_KEY_DAYS: i64 = 1;
/// Strings in one `langpack.getStrings`.
pub const LANG_STRINGS_BATCH: usize = 1000;
/// The name of a sound on a device.
pub const SOUND_NAME_BYTES: usize = 256;
/// Random bytes that `messages.getDhConfig` gives, at most.
pub const DH_RANDOM_LENGTH: i32 = 1024;

// Contacts and privacy.

pub const CONTACTS: usize = 10_000;
pub const IMPORT_CONTACTS_BATCH: usize = 1000;
pub const CONTACTS_SEARCH: usize = 50;
/// Dialogs, latest first, whose people `contacts.search` goes through besides the contacts.
pub const CONTACTS_SEARCH_DIALOGS: usize = 500;
/// When more contacts than this change at once, devices are told to fetch the list anew.
pub const CONTACT_EVENTS: usize = 20;
/// What somebody writes down about a contact, in characters.
pub const CONTACT_NOTE_LENGTH: usize = 128;
pub const BLOCKED_SLICE: usize = 100;
/// People in one `contacts.setBlocked`.
pub const BLOCKED_SET: usize = 1000;
pub const PRIVACY_RULES: usize = 20;
pub const PRIVACY_PEERS: usize = 1000;

// Batches and slices.

pub const USERS_BATCH: usize = 200;
pub const MESSAGES_BATCH: usize = 200;
pub const DELETE_BATCH: usize = 100;
pub const FORWARD_BATCH: usize = 100;
pub const HISTORY_SLICE: usize = 100;
pub const DIALOGS_SLICE: usize = 100;
pub const PEER_DIALOGS_BATCH: usize = 100;
pub const SEARCH_SLICE: usize = 100;
/// Messages that one search finds at all; of more, the latest.
pub const SEARCH_FOUND: usize = 100_000;
/// Filters in one `messages.getSearchCounters`.
pub const SEARCH_COUNTERS: usize = 20;
/// Messages removed by one `deleteHistory` call; the client repeats it while `offset` is not 0.
pub const DELETE_HISTORY_SLICE: usize = 1000;
/// Events in one answer of `updates.getDifference`.
pub const DIFFERENCE_SLICE: usize = 500;
/// By so much the date of a state is behind the clock: an event that is being written as the state is told
/// carries the date at which that began, or the clock of another node.
pub const STATE_MARGIN_SECS: i64 = 60;
/// So long events are kept: a device that did not call for longer has been signed out.
pub const EVENT_DAYS: i64 = AUTHORIZATION_TTL_DAYS_MAX as i64 + 1;
/// A client that is further behind gets `differenceTooLong`.
pub const DIFFERENCE_MAX: i64 = 100_000;
pub const CHANNEL_DIFFERENCE_SLICE: usize = 100;

/// A send that is repeated within this time finds what it made, even if that is deleted.
pub const SENT_SECS: i64 = 2 * DAY;

// Chats.

pub const PINNED_DIALOGS: usize = 5;
pub const PINNED_DIALOGS_PREMIUM: usize = 10;
pub const PINNED_SAVED_DIALOGS: usize = 5;
pub const PINNED_ARCHIVED_DIALOGS: usize = 100;
pub const SCHEDULED_MESSAGES: usize = 100;
pub const SCHEDULE_AHEAD_SECS: i64 = 365 * DAY;
/// A scheduled date nearer than this is sent at once.
pub const SCHEDULE_SOON_SECS: i64 = 10;
/// "Send when online": the date that stands for it.
pub const SCHEDULE_UNTIL_ONLINE: i32 = 0x7fff_fffe;
pub const CHAT_MEMBERS: usize = 200;
pub const MEGAGROUP_MEMBERS: usize = 200_000;
pub const EDIT_TIME_SECS: i64 = 48 * HOUR;
/// Basic groups: a sender deletes for everyone within this time (P10.2c).
pub const REVOKE_TIME_SECS: i64 = 48 * HOUR;
/// Private chats: without limit (P10.2b).
pub const REVOKE_PM_TIME_SECS: i64 = i32::MAX as i64;
/// The shortest and longest auto-delete timer.
pub const TTL_PERIOD_SECS_MIN: i32 = 1;
pub const TTL_PERIOD_SECS_MAX: i32 = 366 * 86_400;
/// When a message was read is told of messages so young (`pm_read_date_expire_period`).
pub const READ_DATE_SECS: i64 = 7 * DAY;
pub const REACTIONS_PER_USER: usize = 1;
pub const REACTIONS_PER_USER_PREMIUM: usize = 3;
/// Different reactions under one message.
pub const REACTIONS_UNIQUE: usize = 11;

// Presence.

/// `account.updateStatus(offline=false)` shows a user online for so long.
pub const ONLINE_SECS: i64 = 300;
pub const ONLINE_UPDATE_PERIOD_MS: i32 = 210_000;
pub const TYPING_SECS: i64 = 6;

// Search index.

/// Pairs of people of whom is remembered how the one is shown to the other (about half a kilobyte each).
pub const REMEMBERED_PEOPLE: usize = 20_000;
/// Messages remembered from when they arrived until all who are connected have them.
pub const REMEMBERED_MESSAGES: usize = 4000;

/// Words kept per message.
pub const INDEX_WORDS: usize = 512;
/// Messages of one dialog up to which a search opens them all instead of asking the index.
pub const SEARCH_OPENED: usize = 256;
/// Longer words are cut.
pub const INDEX_WORD: usize = 64;
pub const QUERY_WORDS: usize = 16;
pub const QUERY_LENGTH: usize = 256;

// Account life.

pub const ACCOUNT_TTL_DAYS_DEFAULT: i32 = 183;
pub const ACCOUNT_TTL_DAYS_MIN: i32 = 30;
pub const ACCOUNT_TTL_DAYS_MAX: i32 = 730;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
