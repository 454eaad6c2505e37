//! What many answers are made of.

use domain::{Error, UserId};
use rpc::Cx;
use tl_api::types;
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
    let presence = cx.service().presence.clone();
    read(cx, move |tx| Ok(render::updates(tx, me, &positions, &presence)?)).await
}

/// The account of the caller, or of somebody else as the caller may see them.
pub async fn user(cx: &Cx, viewer: UserId, id: UserId) -> Result<tl_api::enums::User, Error> {
    let presence = cx.service().presence.clone();
    read(cx, move |tx| Ok(people::user(tx, viewer, id, &presence)?)).await
}
