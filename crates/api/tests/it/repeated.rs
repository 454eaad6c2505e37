//! Requests that arrive again because their answer was lost.

use testkit::world::{BEGINNING, Device, World};
use tl_api::{enums, functions};

use crate::kit::Pair;
use crate::mirror::{history, id, listed, text, whole};

async fn send(device: &Device, to: &enums::InputPeer, date: Option<i32>) -> Vec<enums::Update> {
    let request = functions::messages::SendMessage { schedule_date: date, ..text(to, "once", 77) };
    whole(device.call(request).await).updates
}

fn first_id(updates: &[enums::Update]) -> i32 {
    match updates.first() {
        Some(enums::Update::MessageId(update)) => update.id,
        other => panic!("no id first: {other:?}"),
    }
}

#[tokio::test]
async fn a_message_that_is_deleted_is_not_sent_again() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let sent = first_id(&send(&pair.ann, &pair.to_bob, None).await);
        let delete = functions::messages::DeleteMessages { revoke: true, id: vec![sent] };
        pair.ann.call(delete).await;
        assert_eq!(first_id(&send(&pair.ann, &pair.to_bob, None).await), sent);
        let later = Some(BEGINNING.wire() + 3600);
        assert_eq!(first_id(&send(&pair.ann, &pair.to_bob, later).await), sent);
        assert!(history(&pair.bob, &pair.to_ann).await.is_empty());

        // It is not remembered for ever.
        world.clock.advance_millis(2 * 86_400_000 + 1000);
        world.run_jobs().await;
        assert_ne!(first_id(&send(&pair.ann, &pair.to_bob, None).await), sent);
    })
    .await;
}

#[tokio::test]
async fn a_message_for_later_that_was_taken_back_does_not_come_again() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let later = Some(BEGINNING.wire() + 3600);
        let waiting = first_id(&send(&pair.ann, &pair.to_bob, later).await);
        let request =
            functions::messages::DeleteScheduledMessages { peer: pair.to_bob.clone(), id: vec![waiting] };
        pair.ann.call(request).await;
        assert_eq!(first_id(&send(&pair.ann, &pair.to_bob, later).await), waiting);
        let request = functions::messages::GetScheduledHistory { peer: pair.to_bob.clone(), hash: 0 };
        assert_eq!(listed(pair.ann.call(request).await).0.iter().map(id).collect::<Vec<_>>(), [0; 0]);
    })
    .await;
}
