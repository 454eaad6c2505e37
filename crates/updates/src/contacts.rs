//! Whom a user knows.

use std::collections::BTreeSet;

use domain::{UserId, birthday};
use store::{StoreError, Tx, contacts, privacy, users};
use tl_api::{enums, types};

use crate::people::{self, Mentioned};
use crate::{Presence, offsets, profile};

/// The contacts that have accounts, in order of id; `contactsNotModified` for a client that has this list.
pub fn list(
    tx: &mut Tx<'_>,
    owner: UserId,
    known_hash: i64,
    presence: &Presence,
) -> Result<enums::contacts::Contacts, StoreError> {
    let saved_count = contacts::count(tx, owner)?;
    let users: BTreeSet<UserId> =
        contacts::list(tx, owner)?.into_iter().filter_map(|contact| contact.user).collect();
    let numbers = std::iter::once(saved_count).chain(users.iter().map(|user| user.0));
    if known_hash != 0 && offsets::list_hash(numbers) == known_hash {
        return Ok(enums::contacts::Contacts::NotModified);
    }
    let saved_by: BTreeSet<UserId> = contacts::owners_of(tx, owner)?.into_iter().collect();
    let mut mentioned = Mentioned::default();
    let mut list = Vec::with_capacity(users.len());
    for user in users {
        mentioned.user(user);
        list.push(types::Contact { user_id: user.0, mutual: saved_by.contains(&user) });
    }
    let saved_count = i32::try_from(saved_count).unwrap_or(i32::MAX);
    let mut users = mentioned.just_these(tx, owner, presence)?;
    // Whoever has just deleted their account is no contact any more.
    let mut deleted = BTreeSet::new();
    users.retain(|user| match user {
        enums::User::User(user) if user.deleted => !deleted.insert(user.id),
        _ => true,
    });
    list.retain(|contact| !deleted.contains(&contact.user_id));
    Ok(types::contacts::Contacts { contacts: list, saved_count, users }.into())
}

/// When each contact was seen last, as far as they let the owner know.
pub fn statuses(
    tx: &mut Tx<'_>,
    owner: UserId,
    presence: &Presence,
) -> Result<Vec<types::ContactStatus>, StoreError> {
    let contacts = contacts::list(tx, owner)?;
    let users: BTreeSet<UserId> = contacts.into_iter().filter_map(|contact| contact.user).collect();
    users
        .into_iter()
        .map(|user| {
            let status = people::status(tx, owner, user, presence)?;
            Ok(types::ContactStatus { user_id: user.0, status })
        })
        .collect()
}

/// Contacts whose birthday is near, as far as they let the owner know of it.
pub fn birthdays(
    tx: &mut Tx<'_>,
    owner: UserId,
    presence: &Presence,
) -> Result<types::contacts::ContactBirthdays, StoreError> {
    let now = tx.now();
    let mut mentioned = Mentioned::default();
    let mut near = Vec::new();
    for contact in contacts::list(tx, owner)? {
        let Some(row) = contact.user.map(|user| users::get(tx, user)).transpose()?.flatten() else {
            continue;
        };
        if !row.profile.birthday.is_some_and(|date| birthday::is_near(date.day, date.month, now)) {
            continue;
        }
        if let Some(birthday) = profile::birthday(tx, owner, &row)? {
            mentioned.user(row.id);
            near.push(types::ContactBirthday { contact_id: row.id.0, birthday });
        }
    }
    let users = mentioned.users(tx, owner, presence)?;
    Ok(types::contacts::ContactBirthdays { contacts: near, users })
}

/// Everything that the owner saved, numbers without an account included.
pub fn saved(tx: &mut Tx<'_>, owner: UserId) -> Result<Vec<types::SavedPhoneContact>, StoreError> {
    let contacts = contacts::all(tx, owner)?;
    Ok(contacts
        .into_iter()
        .map(|contact| types::SavedPhoneContact {
            phone: contact.entry.phone,
            first_name: contact.entry.first_name,
            last_name: contact.entry.last_name,
            date: contact.created_at.wire(),
        })
        .collect())
}

/// A page of those whom the owner blocked, latest first; a slice wherever it is not the whole list.
pub fn blocked(
    tx: &mut Tx<'_>,
    owner: UserId,
    offset: i64,
    limit: i64,
    presence: &Presence,
) -> Result<enums::contacts::Blocked, StoreError> {
    let count = privacy::blocked_count(tx, owner)?;
    let mut mentioned = Mentioned::default();
    let mut blocked = Vec::new();
    for (peer, date) in privacy::blocked(tx, owner, limit, offset)? {
        mentioned.peer(peer);
        blocked.push(types::PeerBlocked { peer_id: people::peer(peer), date: date.wire() });
    }
    let users = mentioned.just_these(tx, owner, presence)?;
    if i64::try_from(blocked.len()).unwrap_or(i64::MAX) >= count {
        return Ok(types::contacts::Blocked { blocked, users, ..Default::default() }.into());
    }
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    Ok(types::contacts::BlockedSlice { count, blocked, users, ..Default::default() }.into())
}
