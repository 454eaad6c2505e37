//! Two nodes on one database: what they write at the same time.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use domain::{Peer, UserId};
use store::{StoreError, Tx, boxes, dialogs, messages};
use testkit::world::World;
use tl_api::{functions, types};

use crate::kit::{Pair, dialog_with, state};

/// Runs `change` on another node, which holds the owner's box for a while before and after, and `call`
/// meanwhile on this one.
async fn at_once(
    world: &Arc<World>,
    owner: UserId,
    change: impl FnOnce(&mut Tx<'_>) -> Result<(), StoreError> + Send + 'static,
    call: impl Future<Output = ()>,
) {
    let other = world.other_store();
    let (begun, begins) = channel();
    let writer = other.clone();
    let write = tokio::runtime::Handle::current().spawn(async move {
        let held = move |tx: &mut Tx<'_>| -> Result<(), StoreError> {
            boxes::hold(tx, owner)?;
            begun.send(()).expect("the test waits");
            std::thread::sleep(Duration::from_millis(400));
            change(tx)
        };
        writer.write(held).await
    });
    tokio::task::spawn_blocking(move || begins.recv().expect("it begins")).await.expect("it begins");
    call.await;
    write.await.expect("no panic").expect("written");
    tokio::task::spawn_blocking(move || other.close()).await.expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reaction_keeps_what_another_node_noted_on_the_message() {
    let world = World::postgres().await;
    let pair = Pair::meet(&world).await;
    let id = pair.ann_says("hello").await;
    let owner = pair.ann.user;
    let look = |tx: &mut Tx<'_>, owner, id| messages::outlines(tx, owner, &[id]).map(|found| found[0].flags);
    let pin = move |tx: &mut Tx<'_>| {
        let flags = look(tx, owner, id)?;
        messages::set_flags(tx, owner, id, flags | messages::flag::PINNED)
    };
    let request = functions::messages::SendReaction {
        peer: pair.to_bob.clone(),
        msg_id: id,
        reaction: Some(vec![types::ReactionEmoji { emoticon: "👍".to_owned() }.into()]),
        ..Default::default()
    };
    at_once(&world, owner, pin, async { drop(pair.ann.call(request).await) }).await;
    let flags = world.service.store.read(move |tx| look(tx, owner, id)).await.unwrap();
    let both = messages::flag::PINNED | messages::flag::HAS_REACTIONS;
    assert_eq!(flags & both, both);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_keeps_what_another_node_noted_on_the_dialog() {
    let world = World::postgres().await;
    let pair = Pair::meet(&world).await;
    pair.ann_says("hello").await;
    let (owner, peer) = (pair.ann.user, Peer::User(pair.bob.user));
    let hide = move |tx: &mut Tx<'_>| {
        let flags = dialogs::get(tx, owner, peer)?.expect("the dialog").flags;
        dialogs::set_flags(tx, owner, peer, flags | dialogs::flag::BAR_HIDDEN)
    };
    let mark = functions::messages::MarkDialogUnread {
        unread: true,
        peer: types::InputDialogPeer { peer: pair.to_bob.clone() }.into(),
        ..Default::default()
    };
    at_once(&world, owner, hide, async { assert!(pair.ann.call(mark).await) }).await;
    assert!(dialog_with(&pair.ann, &pair.to_bob).await.unread_mark);
    let flags = move |tx: &mut Tx<'_>| dialogs::get(tx, owner, peer);
    let dialog = world.service.store.read(flags).await.unwrap().expect("the dialog");
    let both = dialogs::flag::BAR_HIDDEN | dialogs::flag::UNREAD_MARK;
    assert_eq!(dialog.flags & both, both);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_node_deletes_is_not_counted_twice() {
    let world = World::postgres().await;
    let pair = Pair::meet(&world).await;
    let (first, second) = (pair.ann_says("one").await, pair.ann_says("two").await);
    let owner = pair.ann.user;
    let before = state(&pair.ann).await;
    let erase = move |tx: &mut Tx<'_>| service::messages::erase::erase(tx, owner, &[first], None).map(drop);
    let delete = functions::messages::DeleteMessages { revoke: false, id: vec![first, second] };
    at_once(&world, owner, erase, async {
        let affected = pair.ann.call(delete).await;
        assert_eq!((affected.pts, affected.pts_count), (before.pts + 2, 1));
    })
    .await;
}
