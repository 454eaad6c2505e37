//! Deleting accounts: at their owner's wish, or because nobody uses them (P10.1, P10.4).
//!
//! One transaction is the point of no return (`store::deletions::begin`): it also takes the data key, so that nothing
//! of the account can be read any more, by anybody. Whatever comes after it is tidying up and telling others, in
//! pieces, which the job `deletions` goes on with wherever a crash left it.

use domain::{Error, Fault, Time, UserId};
use store::deletions;
use store::users::{self, User};
use store::{StoreError, Tx, contacts, shreds};
use updates::{event, log, people};

use crate::Service;

/// People who are told in one piece.
const TOLD: i64 = 100;

/// Rows that are deleted in one piece.
const ROWS: i64 = 500;

/// Pieces that the deleting call does itself, so that most accounts are gone when it is answered.
const PIECES: usize = 30;

/// Accounts looked at together when the server starts.
const PAGE: i64 = 1000;

/// Deletes the account of the device that asks.
///
/// Errors: `USER_DEACTIVATED` when it is gone already.
pub async fn delete(service: &Service, user: UserId, auth_key_id: i64) -> Result<(), Error> {
    service
        .store
        .write(move |tx| {
            // The service account is nobody's to delete.
            users::get(tx, user)?
                .filter(|row| row.flags & User::SERVICE == 0)
                .ok_or_else(Fault::user_deactivated)?;
            deletions::begin(tx, user, Some(auth_key_id))?;
            Ok::<_, Error>(())
        })
        .await?;
    soon(service, user).await;
    Ok(())
}

/// Does what is left to do of a deletion, unless it is much: then the job goes on with it.
pub(super) async fn soon(service: &Service, user: UserId) {
    if let Err(error) = go_on(service, user, PIECES).await {
        // The account is gone all the same.
        tracing::warn!(%error, "a deletion goes on later");
    }
}

/// Does at most so many pieces of what is left to do of a deletion. True when nothing is.
pub async fn go_on(service: &Service, user: UserId, pieces: usize) -> Result<bool, StoreError> {
    for _ in 0..pieces {
        if service.store.write(move |tx| piece(tx, user)).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// One piece; true when it was the last one. Boxes are taken in rising order of owner.
pub fn piece(tx: &mut Tx<'_>, user: UserId) -> Result<bool, StoreError> {
    let partners = deletions::partners(tx, user, TOLD)?;
    if !partners.is_empty() {
        for peer in partners {
            // Those who saved the user are told with their contact.
            if let Some(partner) = peer.user().filter(|partner| *partner != user)
                && !contacts::is_contact(tx, partner, user)?
                && people::knows(tx, partner, user)?
            {
                tell(tx, partner, user)?;
            }
            deletions::leave(tx, user, peer)?;
        }
        return Ok(false);
    }
    let owners = contacts::some_owners_of(tx, user, TOLD)?;
    if !owners.is_empty() {
        for owner in owners {
            contacts::part(tx, owner, user)?;
            tell(tx, owner, user)?;
        }
        return Ok(false);
    }
    deletions::sweep(tx, user, ROWS)
}

/// Whoever knew the user fetches them anew, and is shown a deleted account.
fn tell(tx: &mut Tx<'_>, other: UserId, user: UserId) -> Result<(), StoreError> {
    log::append(tx, other, event::user(user), None)?;
    Ok(())
}

/// Accounts of which something is left to do.
pub async fn pending(service: &Service, limit: i64) -> Result<Vec<UserId>, StoreError> {
    service.store.read(move |tx| deletions::pending(tx, limit)).await
}

/// Tries those data keys again that could not be wiped from the disk, for example because a backup was reading them.
/// They are of no use to the server any more in either case.
pub async fn shred_again(service: &Service, before: Time, limit: i64) -> Result<(), StoreError> {
    if service.store.read(move |tx| shreds::waiting(tx, before, limit)).await?.is_empty() {
        return Ok(());
    }
    service
        .store
        .write(move |tx| {
            for owner in shreds::waiting(tx, before, limit)? {
                tx.shred(owner)?;
            }
            Ok(())
        })
        .await
}

/// Deletes an account that nobody has used for the period that its owner chose. False when it is not so any more.
pub async fn delete_unused(service: &Service, user: UserId) -> Result<bool, Error> {
    let deleted = service
        .store
        .write(move |tx| -> Result<bool, Error> {
            let now = tx.now();
            let due = users::use_of(tx, user)?.is_some_and(|used| is_unused(&used, now));
            Ok(due && deletions::begin(tx, user, None)?)
        })
        .await?;
    if deleted {
        soon(service, user).await;
    }
    Ok(deleted)
}

/// Whether an account's time is over.
pub fn is_unused(used: &users::Use, now: Time) -> bool {
    const DAY_SECS: i64 = 86_400;
    used.flags & (User::SERVICE | User::DELETED) == 0
        && used.last_active.plus_secs(i64::from(used.delete_after_days) * DAY_SECS) <= now
}

/// Sees that accounts and data keys say the same of who is deleted: after an old backup of the one was put beside
/// the present other, they do not. To be called before the first client is let in.
pub async fn settle(service: &Service) -> Result<(), Error> {
    let shredded = all(service, |tx, after| tx.shredded_users(after, PAGE)).await?;
    let deleted = all(service, |tx, after| users::deleted(tx, after, PAGE)).await?;
    for user in shredded.iter().filter(|user| deleted.binary_search(user).is_err()).copied() {
        service.store.write(move |tx| deletions::begin(tx, user, None)).await?;
    }
    for user in deleted.into_iter().filter(|user| shredded.binary_search(user).is_err()) {
        service.store.write(move |tx| tx.shred(store::Owner::User(user.0))).await?;
    }
    Ok(())
}

/// All ids that come in pages, in rising order.
async fn all(
    service: &Service,
    page: fn(&mut Tx<'_>, UserId) -> Result<Vec<UserId>, StoreError>,
) -> Result<Vec<UserId>, StoreError> {
    let mut all: Vec<UserId> = Vec::new();
    loop {
        let after = all.last().copied().unwrap_or(UserId(0));
        let more = service.store.read(move |tx| page(tx, after)).await?;
        if more.is_empty() {
            return Ok(all);
        }
        all.extend(more);
    }
}
