//! How often, and how far, people reach others who did not ask for it.

use std::sync::Arc;

use domain::privacy::{Key, Rule};
use domain::{Fault, UserId, limits};
use testkit::world::{Device, World};
use tl_api::{enums, functions, types};

use crate::kit::{self, ANN, BOB, CEM, Pair, allow, lines};

async fn hash_for(viewer: &Device, id: UserId) -> i64 {
    let (me, store) = (viewer.user, &viewer.world.service.store);
    store.read(move |tx| Ok::<_, store::StoreError>(updates::people::access_hash(tx, me, id))).await.unwrap()
}

/// How somebody is addressed whose number nobody knows.
async fn to_stranger(viewer: &Device, id: UserId) -> enums::InputPeer {
    types::InputPeerUser { user_id: id.0, access_hash: hash_for(viewer, id).await }.into()
}

fn text(peer: &enums::InputPeer) -> functions::messages::SendMessage {
    functions::messages::SendMessage {
        peer: peer.clone(),
        message: "hello".to_owned(),
        random_id: kit::random_id(),
        ..Default::default()
    }
}

/// Accounts that nobody has met.
async fn strangers(world: &Arc<World>, count: i64) -> Vec<UserId> {
    let ids: Vec<_> = (1..=count).map(|number| UserId(5_000_000 + number)).collect();
    let made = ids.clone();
    let store = &world.service.store;
    store
        .write(move |tx| {
            for id in made {
                let profile =
                    store::users::Profile { first_name: "Stranger".to_owned(), ..Default::default() };
                store::users::insert(tx, id, &profile, 0)?;
            }
            Ok::<_, store::StoreError>(())
        })
        .await
        .unwrap();
    ids
}

#[tokio::test]
async fn strangers_are_written_to_so_often_a_day() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        let budget = domain::flood::STRANGERS;
        let ids = strangers(&world, i64::from(budget.limit) + 2).await;
        let (met, [late, later]) = ids.split_at(ids.len() - 2) else { panic!() };
        for id in met {
            let to = to_stranger(&ann, *id).await;
            ann.call(text(&to)).await;
            ann.call(text(&to)).await;
        }
        let to_late = to_stranger(&ann, *late).await;
        assert_eq!(ann.try_call(text(&to_late)).await, Err(Fault::peer_flood()));
        let scheduled = functions::messages::SendMessage {
            schedule_date: Some(world.service.now().plus_secs(3600).wire()),
            ..text(&to_late)
        };
        assert_eq!(ann.try_call(scheduled).await, Err(Fault::peer_flood()));
        let known = to_stranger(&ann, met[0]).await;
        ann.call(text(&known)).await;
        // Whoever saved Ann, or wrote to her, is no stranger.
        let bob = world.sign_up(BOB, "Bob").await;
        bob.input_peer(&ann).await;
        ann.call(text(&to_stranger(&ann, bob.user).await)).await;
        let cem = world.sign_up(CEM, "Cem").await;
        cem.call(text(&to_stranger(&cem, ann.user).await)).await;
        ann.call(text(&to_stranger(&ann, cem.user).await)).await;
        world.clock.advance_millis(budget.window_secs * 1000 + 1000);
        ann.call(text(&to_late)).await;
        ann.call(text(&to_stranger(&ann, *later).await)).await;
    })
    .await;
}

#[tokio::test]
async fn a_message_for_later_to_a_stranger_counts_once() {
    let world = World::sqlite().await;
    let ann = world.sign_up(ANN, "Ann").await;
    let budget = domain::flood::STRANGERS;
    let ids = strangers(&world, i64::from(budget.limit)).await;
    let to = to_stranger(&ann, ids[0]).await;
    for _ in 0..3 {
        let date = Some(world.service.now().plus_secs(60).wire());
        ann.call(functions::messages::SendMessage { schedule_date: date, ..text(&to) }).await;
    }
    world.clock.advance_millis(61_000);
    world.run_jobs().await;
    assert_eq!(kit::texts(&ann, &to).await.len(), 3);
    for id in &ids[1..] {
        ann.call(text(&to_stranger(&ann, *id).await)).await;
    }
}

#[tokio::test]
async fn the_operator_says_how_much_one_person_writes() {
    let world = World::sqlite().await;
    let budget = domain::flood::Budget { limit: 2, ..domain::flood::SEND_MESSAGES };
    world.service.store.set_budgets(vec![budget]);
    let ann = world.sign_up(ANN, "Ann").await;
    let to: enums::InputPeer = enums::InputPeer::PeerSelf;
    for _ in 0..2 {
        ann.call(text(&to)).await;
    }
    assert_eq!(ann.try_call(text(&to)).await.map(drop), Err(Fault::flood_wait(60)));
    world.clock.advance_millis(60_000);
    ann.call(text(&to)).await;
}

#[tokio::test]
async fn coming_and_going_is_told_so_often() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        pair.ann_says("hello").await;
        pair.settle().await;
        let status = |offline| functions::account::UpdateStatus { offline };
        for _ in 0..30 {
            pair.ann.call(status(false)).await;
            pair.ann.call(status(true)).await;
        }
        let told = pair.bob.pushed().await.len();
        let limit = usize::try_from(domain::flood::STATUS_CHANGES.limit).unwrap();
        assert!((1..=limit).contains(&told), "{told}");
        world.clock.advance_millis(60_000);
        pair.ann.call(status(false)).await;
        assert_eq!(pair.bob.pushed().await.len(), 1, "and after a while again");
    })
    .await;
}

#[tokio::test]
async fn typing_is_told_so_often_and_not_to_everybody() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let typing = |peer: &enums::InputPeer| functions::messages::SetTyping {
            peer: peer.clone(),
            ..Default::default()
        };
        for _ in 0..100 {
            assert!(pair.bob.call(typing(&pair.to_ann)).await);
        }
        let told = pair.ann.pushed().await.len();
        assert_eq!(told, usize::try_from(domain::flood::TYPING.limit).unwrap());

        let cem = world.sign_up(CEM, "Cem").await;
        let settings =
            types::GlobalPrivacySettings { new_noncontact_peers_require_premium: true, ..Default::default() };
        pair.ann.call(functions::account::SetGlobalPrivacySettings { settings }).await;
        let to_ann = to_stranger(&cem, pair.ann.user).await;
        let refused = cem.try_call(typing(&to_ann)).await;
        assert_eq!(refused, Err(Fault::privacy_premium_required()));
        assert_eq!(lines(&pair.ann.pushed().await), [""; 0]);
        let nobody = to_stranger(&cem, UserId(77)).await;
        assert_eq!(cem.try_call(typing(&nobody)).await, Err(Fault::peer_id_invalid()));
    })
    .await;
}

#[tokio::test]
async fn a_message_that_awaits_somebody_who_hides_is_dropped() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let online = Some(limits::SCHEDULE_UNTIL_ONLINE);
        pair.ann.call(functions::messages::SendMessage { schedule_date: online, ..text(&pair.to_bob) }).await;
        allow(&pair.bob, Key::StatusTimestamp, vec![Rule::DisallowAll]).await;
        pair.bob.call(functions::account::UpdateStatus { offline: false }).await;
        pair.settle().await;
        world.run_jobs().await;
        let waiting = functions::messages::GetScheduledHistory { peer: pair.to_bob.clone(), hash: 0 };
        assert_eq!(kit::messages_of(pair.ann.call(waiting).await).len(), 0);
        assert_eq!(kit::texts(&pair.bob, &pair.to_ann).await, [""; 0], "Bob did not show that he is there");
        let [ann, tablet, bob] = pair.heard().await;
        assert_eq!((ann.len(), tablet.len(), bob.len()), (1, 1, 0), "Ann's devices are told that it is gone");
    })
    .await;
}

#[tokio::test]
async fn whoever_is_blocked_changes_no_pins_of_the_other_side() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let ids = [pair.ann_says("one").await, pair.ann_says("two").await];
        for id in ids {
            let pin = functions::messages::UpdatePinnedMessage {
                silent: true,
                peer: pair.to_bob.clone(),
                id,
                ..Default::default()
            };
            kit::updates_of(&pair.ann, pin).await;
        }
        let pinned = async |device: &Device, peer: &enums::InputPeer| {
            kit::texts(device, peer).await.iter().filter(|text| text.ends_with("pinned")).count()
        };
        assert_eq!((pinned(&pair.ann, &pair.to_bob).await, pinned(&pair.bob, &pair.to_ann).await), (2, 2));
        let block = functions::contacts::Block { id: pair.to_ann.clone(), ..Default::default() };
        pair.bob.call(block).await;
        pair.settle().await;
        let unpin = functions::messages::UpdatePinnedMessage {
            unpin: true,
            peer: pair.to_bob.clone(),
            id: ids[0],
            ..Default::default()
        };
        kit::updates_of(&pair.ann, unpin).await;
        assert_eq!((pinned(&pair.ann, &pair.to_bob).await, pinned(&pair.bob, &pair.to_ann).await), (1, 2));
        let all = functions::messages::UnpinAllMessages { peer: pair.to_bob.clone(), ..Default::default() };
        assert_eq!(pair.ann.call(all).await.pts_count, 1);
        assert_eq!((pinned(&pair.ann, &pair.to_bob).await, pinned(&pair.bob, &pair.to_ann).await), (0, 2));
        assert_eq!(pair.heard().await[2], [""; 0]);
    })
    .await;
}
