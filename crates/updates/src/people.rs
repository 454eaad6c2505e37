//! People as one viewer may see them.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::privacy::{self, Key, Rules, Viewer};
use domain::{Peer, Time, UserId};
use store::portraits::{self, Portrait};
use store::{Hashes, StoreError, Tx, contacts, dialogs, privacy as privacy_rows, users};
use tl_api::{enums, types};

use crate::Presence;

/// The wire form of a peer.
pub fn peer(peer: Peer) -> enums::Peer {
    match peer {
        Peer::User(id) => types::PeerUser { user_id: id.0 }.into(),
        Peer::Chat(id) => types::PeerChat { chat_id: id.0 }.into(),
        Peer::Channel(id) => types::PeerChannel { channel_id: id.0 }.into(),
    }
}

/// The proof that a viewer has met a user: without it an id alone is worth nothing.
pub fn access_hash(hashes: &dyn Hashes, viewer: UserId, user: UserId) -> i64 {
    let mut pair = viewer.0.to_be_bytes().to_vec();
    pair.extend_from_slice(&user.0.to_be_bytes());
    let hash = hashes.keyed_hash("access hash", &pair);
    let (half, _) = hash.split_at(8);
    half.iter().fold(0i64, |number, byte| (number << 8) | i64::from(*byte))
}

/// Who is named in an answer and so has to be described in it.
#[derive(Debug, Default)]
pub struct Mentioned {
    users: BTreeSet<UserId>,
}

impl Mentioned {
    pub fn user(&mut self, id: UserId) {
        self.users.insert(id);
    }

    pub fn peer(&mut self, peer: Peer) {
        if let Peer::User(id) = peer {
            self.users.insert(id);
        }
    }

    pub fn tl_peer(&mut self, peer: Option<&enums::Peer>) {
        if let Some(enums::Peer::User(peer)) = peer {
            self.users.insert(UserId(peer.user_id));
        }
    }

    pub fn dialog_peer(&mut self, peer: &enums::DialogPeer) {
        if let enums::DialogPeer::DialogPeer(peer) = peer {
            self.tl_peer(Some(&peer.peer));
        }
    }

    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// Describes everybody mentioned, as `viewer` may see them, and the viewer: clients look both sides of
    /// a private message up.
    pub fn users(
        &self,
        tx: &mut Tx<'_>,
        viewer: UserId,
        presence: &Presence,
    ) -> Result<Vec<enums::User>, StoreError> {
        let mut ids = self.users.clone();
        if !ids.is_empty() {
            ids.insert(viewer);
        }
        users(tx, viewer, ids.into_iter().collect(), presence)
    }

    /// The same from memory alone; `None` when somebody's description has to be read.
    pub(crate) fn remembered(
        &self,
        viewer: UserId,
        now: Time,
        presence: &Presence,
    ) -> Option<Vec<enums::User>> {
        let memory = presence.memory()?;
        let mut ids = self.users.clone();
        if !ids.is_empty() {
            ids.insert(viewer);
        }
        ids.into_iter().map(|id| Some(memory.shown(viewer, id)?.at(now, presence))).collect()
    }

    /// Describes nobody but those mentioned: clients take the users of a list of people for that list.
    pub fn just_these(
        &self,
        tx: &mut Tx<'_>,
        viewer: UserId,
        presence: &Presence,
    ) -> Result<Vec<enums::User>, StoreError> {
        users(tx, viewer, self.users.iter().copied().collect(), presence)
    }
}

/// How one person is shown to another, but for what changes by the minute.
#[derive(Debug)]
pub(crate) struct Shown {
    user: types::User,
    status: StatusRule,
    last_seen: Time,
}

/// How much of somebody's presence is shown.
#[derive(Clone, Copy, Debug)]
enum StatusRule {
    /// An account of the server's own.
    None,
    /// They blocked whoever looks.
    Blocked,
    By(privacy::Shown),
}

impl Shown {
    fn at(&self, now: Time, presence: &Presence) -> enums::User {
        let mut user = self.user.clone();
        user.status = match self.status {
            StatusRule::None => None,
            rule => Some(status_at(UserId(user.id), rule, self.last_seen, now, presence)),
        };
        user.into()
    }
}

/// A user as `viewer` may see them; `userEmpty` for an account that never was.
pub fn user(
    tx: &mut Tx<'_>,
    viewer: UserId,
    id: UserId,
    presence: &Presence,
) -> Result<enums::User, StoreError> {
    let users = users(tx, viewer, vec![id], presence)?;
    Ok(users.into_iter().next().unwrap_or_else(|| types::UserEmpty { id: id.0 }.into()))
}

/// The same of several people, none of them twice.
fn users(
    tx: &mut Tx<'_>,
    viewer: UserId,
    ids: Vec<UserId>,
    presence: &Presence,
) -> Result<Vec<enums::User>, StoreError> {
    // A write sees its own changes, of which nobody else knows yet.
    let memory = presence.memory().zip(tx.stamp());
    let remembered = |id: &UserId| memory.and_then(|(memory, _)| memory.shown(viewer, *id));
    let known: Vec<Option<Arc<Shown>>> = ids.iter().map(remembered).collect();
    let unknown = ids.iter().zip(&known).filter(|(_, shown)| shown.is_none());
    let unknown: Vec<UserId> = unknown.map(|(id, _)| *id).collect();
    let mut portraits = portraits::look(tx, viewer, &unknown)?.into_iter();
    let mut eye = Eye { viewer, time_rules: None };
    let mut users = Vec::with_capacity(ids.len());
    for (id, known) in ids.into_iter().zip(known) {
        let shown = match known {
            Some(shown) => Some(shown),
            None => {
                let portrait = portraits.next();
                let shown = portrait.map(|portrait| eye.shown(tx, id, portrait)).transpose()?.flatten();
                let shown = shown.map(Arc::new);
                if let Some((shown, (memory, stamp))) = shown.as_ref().zip(memory) {
                    memory.keep(viewer, id, shown, stamp);
                }
                shown
            }
        };
        users.push(match shown {
            Some(shown) => shown.at(tx.now(), presence),
            None => types::UserEmpty { id: id.0 }.into(),
        });
    }
    Ok(users)
}

/// Whoever looks at people.
struct Eye {
    viewer: UserId,
    /// Their own rules for the times when they were online, once they matter.
    time_rules: Option<Rules>,
}

impl Eye {
    fn shown(
        &mut self,
        tx: &mut Tx<'_>,
        id: UserId,
        portrait: Portrait,
    ) -> Result<Option<Shown>, StoreError> {
        let viewer = self.viewer;
        let row = match &portrait.account {
            users::Account::Living(row) => row,
            users::Account::Deleted => return Ok(Some(deleted(tx, viewer, id))),
            users::Account::None => return Ok(None),
        };
        let me = viewer == id;
        let contact = portrait.contact.as_ref().filter(|_| !me);
        let service = row.flags & users::User::SERVICE != 0;
        let saved_viewer = portrait.saved_viewer && !me;
        let mut user = types::User {
            id: id.0,
            is_self: me,
            contact: contact.is_some() || me,
            mutual_contact: (contact.is_some() && saved_viewer) || me,
            verified: service,
            support: service,
            contact_require_premium: row.flags & users::User::NO_STRANGERS != 0 && !me && !saved_viewer,
            access_hash: Some(access_hash(tx, viewer, id)),
            first_name: Some(row.profile.first_name.clone()),
            last_name: not_empty(&row.profile.last_name),
            username: not_empty(&row.profile.username),
            ..Default::default()
        };
        if let Some(contact) = contact {
            // P3.1c: a contact goes by the name that the viewer saved.
            user.first_name = Some(contact.entry.first_name.clone());
            user.last_name = not_empty(&contact.entry.last_name);
        }
        let knows_number = me || contact.is_some_and(|contact| contact.entry.phone == row.profile.phone);
        if service || knows_number || {
            let rules = in_force(portrait.number_rules.as_deref(), Key::PhoneNumber)?;
            rules_allow(&rules, id, viewer, saved_viewer)
        } {
            user.phone = not_empty(&row.profile.phone);
        }
        let status = if service {
            StatusRule::None
        } else if me {
            StatusRule::By(privacy::shown(true, true))
        } else if portrait.blocked_viewer {
            StatusRule::Blocked
        } else {
            let rules = in_force(portrait.time_rules.as_deref(), Key::StatusTimestamp)?;
            let theirs = rules_allow(&rules, id, viewer, saved_viewer);
            let mine = match &mut self.time_rules {
                Some(rules) => rules,
                none => none.insert(self::rules(tx, viewer, Key::StatusTimestamp)?),
            };
            StatusRule::By(privacy::shown(theirs, rules_allow(mine, viewer, id, contact.is_some())))
        };
        Ok(Some(Shown { user, status, last_seen: row.last_seen }))
    }
}

/// Somebody whose account was deleted: a number, and that they are gone.
fn deleted(tx: &Tx<'_>, viewer: UserId, id: UserId) -> Shown {
    let access_hash = Some(access_hash(tx, viewer, id));
    let user = types::User { id: id.0, deleted: true, access_hash, ..Default::default() };
    Shown { user, status: StatusRule::None, last_seen: Time(0) }
}

/// The wire form of the one username that a user has.
pub fn username(username: &str) -> types::Username {
    types::Username { editable: true, active: true, username: username.to_owned(), ..Default::default() }
}

/// The names that somebody goes by, as `viewer` may see them.
pub fn names(
    tx: &mut Tx<'_>,
    viewer: UserId,
    id: UserId,
    presence: &Presence,
) -> Result<types::UpdateUserName, StoreError> {
    let enums::User::User(user) = user(tx, viewer, id, presence)? else {
        return Ok(types::UpdateUserName { user_id: id.0, ..Default::default() });
    };
    let user = *user;
    let usernames = user.username.map(|name| username(&name));
    Ok(types::UpdateUserName {
        user_id: id.0,
        first_name: user.first_name.unwrap_or_default(),
        last_name: user.last_name.unwrap_or_default(),
        usernames: usernames.into_iter().collect(),
    })
}

/// When a user was seen last (never, to somebody whom they blocked), as exactly as the rules of both sides
/// let the viewer know.
pub fn status(
    tx: &mut Tx<'_>,
    viewer: UserId,
    id: UserId,
    presence: &Presence,
) -> Result<enums::UserStatus, StoreError> {
    let Some(row) = users::get(tx, id)? else { return Ok(enums::UserStatus::Empty) };
    let saved_viewer = contacts::is_contact(tx, id, viewer)?;
    let saved_by_viewer = contacts::is_contact(tx, viewer, id)?;
    let rule = status_rule(tx, viewer, id, saved_viewer, saved_by_viewer)?;
    Ok(status_at(id, rule, row.last_seen, tx.now(), presence))
}

/// Whether `viewer` has saved a user, or has a dialog with them that messages are in.
pub fn knows(tx: &mut Tx<'_>, viewer: UserId, user: UserId) -> Result<bool, StoreError> {
    let talked = |dialog: dialogs::Dialog| dialog.top_message > 0;
    Ok(contacts::is_contact(tx, viewer, user)? || dialogs::get(tx, viewer, user.into())?.is_some_and(talked))
}

/// Whether the rules that `owner` set for `key` let `viewer` see or do it.
pub fn allows(tx: &mut Tx<'_>, owner: UserId, viewer: UserId, key: Key) -> Result<bool, StoreError> {
    let saved_viewer = contacts::is_contact(tx, owner, viewer)?;
    may_see(tx, owner, viewer, key, saved_viewer)
}

/// Whether `owner` keeps from `viewer` when they read a message: those who see when the owner was online see
/// this, too.
///
/// Source: the API's "globalPrivacySettings" page, `hide_read_marks`.
pub fn hides_read_dates(tx: &mut Tx<'_>, owner: UserId, viewer: UserId) -> Result<bool, StoreError> {
    let hides = users::get(tx, owner)?.is_some_and(|row| row.flags & users::User::HIDES_READ_DATES != 0);
    Ok(hides && !allows(tx, owner, viewer, Key::StatusTimestamp)?)
}

fn status_rule(
    tx: &mut Tx<'_>,
    viewer: UserId,
    seen: UserId,
    saved_viewer: bool,
    saved_by_viewer: bool,
) -> Result<StatusRule, StoreError> {
    if viewer != seen && privacy_rows::is_blocked(tx, seen, viewer.into())? {
        return Ok(StatusRule::Blocked);
    }
    let theirs = viewer == seen || may_see(tx, seen, viewer, Key::StatusTimestamp, saved_viewer)?;
    let mine = viewer == seen || may_see(tx, viewer, seen, Key::StatusTimestamp, saved_by_viewer)?;
    Ok(StatusRule::By(privacy::shown(theirs, mine)))
}

fn status_at(
    id: UserId,
    rule: StatusRule,
    last_seen: Time,
    now: Time,
    presence: &Presence,
) -> enums::UserStatus {
    let StatusRule::By(shown) = rule else { return enums::UserStatus::Empty };
    let seen = presence.of(id);
    let seen = privacy::Presence {
        online_until: seen.online_until,
        was_online: seen.was_online.max(Some(last_seen)),
    };
    to_tl(privacy::status(seen, now, shown))
}

pub fn to_tl(status: privacy::Status) -> enums::UserStatus {
    use privacy::Status;
    match status {
        Status::Empty => enums::UserStatus::Empty,
        Status::Online { expires } => types::UserStatusOnline { expires: expires.wire() }.into(),
        Status::Offline { was_online } => types::UserStatusOffline { was_online: was_online.wire() }.into(),
        Status::Recently { by_me } => types::UserStatusRecently { by_me }.into(),
        Status::LastWeek { by_me } => types::UserStatusLastWeek { by_me }.into(),
        Status::LastMonth { by_me } => types::UserStatusLastMonth { by_me }.into(),
    }
}

fn may_see(
    tx: &mut Tx<'_>,
    owner: UserId,
    viewer: UserId,
    key: Key,
    saved_viewer: bool,
) -> Result<bool, StoreError> {
    Ok(rules_allow(&rules(tx, owner, key)?, owner, viewer, saved_viewer))
}

fn rules_allow(rules: &Rules, owner: UserId, viewer: UserId, saved_viewer: bool) -> bool {
    let viewer = Viewer {
        id: viewer,
        is_contact: saved_viewer,
        is_close_friend: false,
        is_premium: false,
        is_bot: false,
        chats: &[],
    };
    rules.allows(owner, &viewer)
}

/// The rules in force for a key: those that the owner set, or the default.
pub fn rules(tx: &mut Tx<'_>, owner: UserId, key: Key) -> Result<Rules, StoreError> {
    in_force(privacy_rows::rules(tx, owner, key.code())?.as_deref(), key)
}

fn in_force(set: Option<&[u8]>, key: Key) -> Result<Rules, StoreError> {
    match set {
        Some(bytes) => Rules::from_bytes(bytes).ok_or_else(|| StoreError::corrupt("privacy", "value")),
        None => Ok(key.default_rules()),
    }
}

fn not_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
