//! What the event log keeps, and for how long.

use domain::{Time, limits};
use service::jobs;
use store::events::{self, What};
use testkit::world::{Device, World};
use tl_api::{enums, functions, types};

use crate::kit::{Pair, say, state};
use crate::mirror::text;

/// Everything in the log of a device's owner that is not a reference.
async fn kept(device: &Device) -> Vec<u8> {
    let owner = device.user;
    let all = move |tx: &mut store::Tx<'_>| events::after(tx, owner, 0, Time(0), 10_000);
    let events = device.world.service.store.read(all).await.unwrap();
    let bytes = events.into_iter().filter_map(|event| match event.what {
        What::Update(bytes) => Some(bytes),
        _ => None,
    });
    bytes.flatten().collect()
}

#[tokio::test]
async fn nothing_that_somebody_wrote_stays_in_the_log() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let before = state(&pair.tablet).await;
        let draft = |message: &str| functions::messages::SaveDraft {
            peer: pair.to_bob.clone(),
            message: message.to_owned(),
            ..Default::default()
        };
        pair.ann.call(draft("secret draft")).await;
        let date = world.service.now().wire() + 3600;
        let later = functions::messages::SendMessage {
            schedule_date: Some(date),
            ..text(&pair.to_bob, "secret plan", 77)
        };
        pair.ann.call(later).await;
        assert_eq!(kept(&pair.ann).await.windows(6).filter(|bytes| *bytes == b"secret").count(), 0);

        // Whoever was away learns both as they are now.
        let since =
            functions::updates::GetDifference { pts: before.pts, date: before.date, ..Default::default() };
        let missed = |answer: enums::updates::Difference| match answer {
            enums::updates::Difference::Difference(difference) => {
                let mut told = Vec::new();
                for update in &difference.other_updates {
                    match update {
                        enums::Update::DraftMessage(update) => match &update.draft {
                            enums::DraftMessage::DraftMessage(draft) => told.push(draft.message.clone()),
                            enums::DraftMessage::Empty(_) => told.push("no draft".to_owned()),
                        },
                        enums::Update::NewScheduledMessage(update) => {
                            told.push(crate::mirror::words(&update.message));
                        }
                        _ => {}
                    }
                }
                told
            }
            other => panic!("a whole difference, not {other:?}"),
        };
        let told = missed(pair.tablet.call(since.clone()).await);
        assert_eq!(told, ["secret draft", "secret plan"]);
        pair.ann.call(draft("")).await;
        let queue = functions::messages::GetScheduledHistory { peer: pair.to_bob.clone(), hash: 0 };
        let id = crate::mirror::id(&crate::mirror::listed(pair.ann.call(queue).await).0[0]);
        let delete = functions::messages::DeleteScheduledMessages { peer: pair.to_bob.clone(), id: vec![id] };
        pair.ann.call(delete).await;
        assert_eq!(missed(pair.tablet.call(since).await), ["no draft", "no draft"]);
    })
    .await;
}

#[tokio::test]
async fn events_are_forgotten_when_no_device_can_need_them() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let id = say(&pair.ann, &pair.to_bob, "a message").await;
        let first = state(&pair.ann).await;
        let edit = |id: i32, message: &str| functions::messages::EditMessage {
            peer: pair.to_bob.clone(),
            id,
            message: Some(message.to_owned()),
            ..Default::default()
        };
        pair.ann.call(edit(id, "long ago")).await;
        pair.ann.call(edit(id, "not so long ago")).await;
        let then = state(&pair.ann).await;
        world.clock.advance_millis((limits::EVENT_DAYS * 86_400 + 100) * 1000);
        let id = say(&pair.ann, &pair.to_bob, "another message").await;
        pair.ann.call(edit(id, "now")).await;
        let since = |state: &types::updates::State| functions::updates::GetDifference {
            pts: state.pts,
            date: state.date,
            ..Default::default()
        };
        assert!(matches!(pair.ann.call(since(&first)).await, enums::updates::Difference::Difference(_)));
        assert_eq!(jobs::old_events::run(world.service.clone()).await.expect("the job runs"), None);

        let owner = pair.ann.user;
        let all = move |tx: &mut store::Tx<'_>| events::after(tx, owner, first.pts, Time(0), 10_000);
        let left = world.service.store.read(all).await.unwrap();
        assert_eq!(left.iter().map(|event| event.pts).collect::<Vec<_>>(), [then.pts + 1, then.pts + 2]);
        let answer = pair.ann.call(since(&first)).await;
        let enums::updates::Difference::TooLong(long) = answer else { panic!("not whole: {answer:?}") };
        assert_eq!(long.pts, then.pts + 2);
        let answer = pair.ann.call(since(&then)).await;
        let enums::updates::Difference::Difference(rest) = answer else { panic!("whole: {answer:?}") };
        assert_eq!((rest.new_messages.len(), rest.other_updates.len()), (1, 1));
    })
    .await;
}
