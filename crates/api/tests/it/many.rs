//! Calls that concern more messages than one transaction takes.

use domain::{Peer, Time, UserId, limits};
use store::messages::{self, Message, flag};
use store::{StoreError, Tx};
use testkit::world::World;
use tl_api::functions;

use crate::kit::Pair;

/// One more message than a call takes, pinned and with reactions that were not seen.
fn fill(tx: &mut Tx<'_>, owner: UserId, peer: Peer, content: &[u8]) -> Result<(), StoreError> {
    for id in 1..=i32::try_from(limits::DELETE_HISTORY_SLICE).unwrap() + 1 {
        let message = Message {
            owner,
            id: 1000 + id,
            peer,
            twin: None,
            from: owner,
            date: Time::from_secs(1),
            edit_date: None,
            flags: flag::PINNED | flag::UNREAD_REACTIONS,
            random_id: None,
            reply_to: None,
            expires_at: None,
            pts: 1,
            content: content.to_vec(),
        };
        messages::insert(tx, message)?;
    }
    Ok(())
}

#[tokio::test]
async fn what_one_call_does_not_take_is_left_for_the_next() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let (owner, peer) = (pair.ann.user, Peer::User(pair.bob.user));
        let content = updates::Content::action(&updates::content::Action::PinMessage).pack();
        world.service.store.write(move |tx| fill(tx, owner, peer, &content)).await.unwrap();

        let slice = i32::try_from(limits::DELETE_HISTORY_SLICE).unwrap();
        let unpin = functions::messages::UnpinAllMessages { peer: pair.to_bob.clone(), ..Default::default() };
        let read = functions::messages::ReadReactions { peer: pair.to_bob.clone(), ..Default::default() };
        for (count, left) in [(slice, 1), (1, 0), (0, 0)] {
            let unpinned = pair.ann.call(unpin.clone()).await;
            assert_eq!((unpinned.pts_count, unpinned.offset), (count, left));
            let read = pair.ann.call(read.clone()).await;
            assert_eq!((read.pts_count, read.offset), (count, left));
        }
    })
    .await;
}
