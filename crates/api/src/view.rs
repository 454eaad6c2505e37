//! What many answers are made of.

use domain::{Error, Fault, Peer, UserId, limits};
use rpc::Cx;
use rpc::convert::from_tl;
use service::messages::{Affected, Progress};
use tl_api::{enums, types};
use updates::log::Position;
use updates::{Tx, people, render};

/// Runs `f` on a snapshot of the store.
pub async fn read<T: Send + 'static>(
    cx: &Cx,
    f: impl FnOnce(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    cx.service().store.read(f).await
}

/// The caller's own events as the `updates` that answer the call which caused them.
pub async fn own_updates(cx: &Cx, positions: Vec<Position>) -> Result<types::Updates, Error> {
    let me = cx.me()?;
    if let Some(updates) = cx.service().hub.remembered(me, &positions) {
        return Ok(updates);
    }
    let presence = cx.service().presence.clone();
    read(cx, move |tx| Ok(render::updates(tx, me, &positions, &presence)?)).await
}

/// Whom an `InputPeer` of the caller names.
///
/// Errors: `PEER_ID_INVALID`.
pub fn peer(cx: &Cx, peer: enums::InputPeer) -> Result<Peer, Error> {
    let me = cx.me()?;
    Ok(from_tl::input_peer(cx.hashes(), me, &peer)?)
}

/// Whom an `InputUser` of the caller names; `None` for nobody whom they have met.
pub fn input_user(cx: &Cx, user: enums::InputUser) -> Result<Option<UserId>, Error> {
    let me = cx.me()?;
    Ok(from_tl::input_user(cx.hashes(), me, &user).ok())
}

/// The same updates with these people before all others: clients take the first for the one it is about.
pub async fn people_first(
    cx: &Cx,
    mut updates: types::Updates,
    first: Vec<UserId>,
) -> Result<types::Updates, Error> {
    let me = cx.me()?;
    let presence = cx.service().presence.clone();
    let ids: Vec<i64> = first.iter().map(|id| id.0).collect();
    let mut users = read(cx, move |tx| {
        let users = first.into_iter().map(|id| people::user(tx, me, id, &presence));
        Ok(users.collect::<Result<Vec<_>, _>>()?)
    })
    .await?;
    users.extend(updates.users.into_iter().filter(|user| match user {
        enums::User::User(user) => !ids.contains(&user.id),
        enums::User::Empty(user) => !ids.contains(&user.id),
    }));
    updates.users = users;
    Ok(updates)
}

/// Somebody who was looked for and found.
pub async fn resolved(cx: &Cx, id: UserId) -> Result<types::contacts::ResolvedPeer, Error> {
    let users = vec![user(cx, cx.me()?, id).await?];
    Ok(types::contacts::ResolvedPeer { peer: people::peer(id.into()), users, ..Default::default() })
}

/// The dialog that an `InputDialogPeer` of the caller names.
///
/// Errors: `PEER_ID_INVALID`.
pub fn dialog_peer(cx: &Cx, peer: enums::InputDialogPeer) -> Result<Peer, Error> {
    let me = cx.me()?;
    Ok(from_tl::input_dialog_peer(cx.hashes(), me, &peer)?)
}

/// The dialogs that the caller wants pinned in this order. Nobody is looked up for a list that is too long.
///
/// Errors: `PINNED_DIALOGS_TOO_MUCH`, `PEER_ID_INVALID`.
pub fn pins(cx: &Cx, order: Vec<enums::InputDialogPeer>, most: usize) -> Result<Vec<Peer>, Error> {
    let me = cx.me()?;
    if order.len() > most {
        return Err(Fault::pinned_dialogs_too_much().into());
    }
    let peers = order.iter().map(|peer| from_tl::input_dialog_peer(cx.hashes(), me, peer));
    Ok(peers.collect::<Result<Vec<_>, _>>()?)
}

/// How many messages a page may have that a client asks so many of.
///
/// Errors: `LIMIT_INVALID`.
pub fn page_limit(asked: i32) -> Result<i64, Fault> {
    if asked < 0 {
        return Err(Fault::limit_invalid());
    }
    Ok(i64::from(asked).min(i64::try_from(limits::HISTORY_SLICE).unwrap_or(i64::MAX)))
}

/// How far a call moved the caller's box.
pub fn affected(affected: Affected) -> types::messages::AffectedMessages {
    types::messages::AffectedMessages { pts: affected.pts, pts_count: affected.pts_count }
}

/// The account of the caller, or of somebody else as the caller may see them.
pub async fn user(cx: &Cx, viewer: UserId, id: UserId) -> Result<enums::User, Error> {
    let presence = cx.service().presence.clone();
    read(cx, move |tx| Ok(people::user(tx, viewer, id, &presence)?)).await
}

/// How far a call moved the caller's box. Clients call again while `offset` is not 0.
pub fn progress(progress: Progress) -> types::messages::AffectedHistory {
    types::messages::AffectedHistory {
        pts: progress.affected.pts,
        pts_count: progress.affected.pts_count,
        offset: i32::try_from(progress.left).unwrap_or(i32::MAX),
    }
}
