//! Catching up: whoever was away ends up with what those know who were not.

use std::sync::Arc;

use domain::testing::SeededRandom;
use domain::{Random, Time};
use service::jobs;
use store::events::{self, What};
use testkit::world::{Device, World};
use tl_api::{enums, functions, types};

use crate::mirror::{Mirror, history, id, send, text};

/// Two people with two devices each, and a random life.
struct Life {
    world: Arc<World>,
    random: SeededRandom,
    devices: [Device; 4],
    peers: [enums::InputPeer; 2],
}

impl Life {
    async fn begin(world: Arc<World>, seed: u64) -> Self {
        let ann = world.sign_up("+15550100001", "Ann").await;
        let bob = world.sign_up("+15550100002", "Bob").await;
        let peers = [ann.input_peer(&bob).await, bob.input_peer(&ann).await];
        let devices = [ann, world.sign_in("+15550100001").await, bob, world.sign_in("+15550100002").await];
        Self { world, random: SeededRandom::new(seed), devices, peers }
    }

    fn below(&self, bound: usize) -> usize {
        let random: &dyn Random = &self.random;
        usize::try_from(random.below(bound as u64)).expect("below a bound")
    }

    /// One thing that one of the devices does. What is refused is no matter.
    async fn step(&self) {
        // One device of each side acts; the other is told everything.
        let actor = 2 * self.below(2);
        let (device, peer) = (&self.devices[actor], self.peers[actor / 2].clone());
        let now = self.world.service.now().wire();
        let random_id = self.world.service.random.i64() | 1;
        match self.below(18) {
            0..4 => drop(device.try_call(text(&peer, &format!("word {random_id}"), random_id)).await),
            4 | 5 => {
                let Some(msg_id) = self.some_message(device, &peer).await else { return };
                let emoji = ["👍", "❤", "🔥"].get(self.below(4));
                let reaction =
                    emoji.map(|emoji| vec![types::ReactionEmoji { emoticon: (*emoji).to_owned() }.into()]);
                let request =
                    functions::messages::SendReaction { peer, msg_id, reaction, ..Default::default() };
                drop(device.try_call(request).await);
            }
            6 => {
                let period = [0, 5, 60][self.below(3)];
                drop(device.try_call(functions::messages::SetHistoryTtl { peer, period }).await);
            }
            7 => {
                let date = now + 10 + i32::try_from(self.below(50)).expect("below 50");
                let request = functions::messages::SendMessage {
                    schedule_date: Some(date),
                    ..text(&peer, "later", random_id)
                };
                drop(device.try_call(request).await);
            }
            8 => {
                let queue = functions::messages::GetScheduledHistory { peer: peer.clone(), hash: 0 };
                let (waiting, _) = crate::mirror::listed(device.call(queue).await);
                let Some(first) = waiting.first().map(id) else { return };
                if self.below(2) == 0 {
                    let request = functions::messages::DeleteScheduledMessages { peer, id: vec![first] };
                    device.call(request).await;
                } else {
                    let request = functions::messages::SendScheduledMessages { peer, id: vec![first] };
                    drop(device.try_call(request).await);
                }
            }
            9 => {
                let Some(message) = self.some_message(device, &peer).await else { return };
                let owner = device.user;
                let erase = move |tx: &mut store::Tx<'_>| {
                    service::messages::erase::erase(tx, owner, &[message], None)
                };
                self.world.service.store.write(erase).await.expect("erased");
            }
            10 => {
                let Some(id) = self.some_message(device, &peer).await else { return };
                let message = Some(format!("edited {random_id}"));
                let request = functions::messages::EditMessage { peer, id, message, ..Default::default() };
                drop(device.try_call(request).await);
            }
            11 => {
                let Some(id) = self.some_message(device, &peer).await else { return };
                let revoke = self.below(2) == 0;
                device.call(functions::messages::DeleteMessages { revoke, id: vec![id] }).await;
            }
            12 | 13 => {
                let max_id = self.some_message(device, &peer).await.unwrap_or(0);
                device.call(functions::messages::ReadHistory { peer, max_id }).await;
            }
            14 => {
                let Some(id) = self.some_message(device, &peer).await else { return };
                let (unpin, pm_oneside) = (self.below(3) == 0, self.below(2) == 0);
                let request = functions::messages::UpdatePinnedMessage {
                    unpin,
                    pm_oneside,
                    peer,
                    id,
                    ..Default::default()
                };
                drop(device.try_call(request).await);
            }
            15 => {
                let message = ["", "a draft", "another draft"][self.below(3)].to_owned();
                let request = functions::messages::SaveDraft { peer, message, ..Default::default() };
                drop(device.try_call(request).await);
            }
            16 if self.below(4) == 0 => {
                let (just_clear, revoke) = (self.below(2) == 0, self.below(2) == 0);
                let request =
                    functions::messages::DeleteHistory { just_clear, revoke, peer, ..Default::default() };
                drop(device.try_call(request).await);
            }
            16 => {
                let request = functions::messages::ReadReactions { peer, ..Default::default() };
                drop(device.try_call(request).await);
            }
            _ => {
                self.world.clock.advance_millis(i64::try_from(self.below(9000)).expect("below 9000"));
                jobs::auto_delete::run(self.world.service.clone()).await.expect("the job runs");
                jobs::scheduled::run(self.world.service.clone()).await.expect("the job runs");
            }
        }
    }

    async fn some_message(&self, device: &Device, peer: &enums::InputPeer) -> Option<i32> {
        let messages = history(device, peer).await;
        (!messages.is_empty()).then(|| id(&messages[self.below(messages.len())]))
    }
}

/// Devices that never act hear everything by pushes; whoever comes later, from whatever state, and in
/// however small slices, must come to the same.
async fn live(world: Arc<World>, seed: u64, steps: usize) {
    let life = Life::begin(world, seed).await;
    let watchers = [&life.devices[1], &life.devices[3]];
    let mut mirrors = [Mirror::of(watchers[0]).await, Mirror::of(watchers[1]).await];
    let mut snapshots = vec![mirrors.clone()];
    for step in 0..steps {
        life.step().await;
        for (mirror, device) in mirrors.iter_mut().zip(watchers) {
            mirror.hear(device).await;
        }
        if step % 7 == 0 {
            snapshots.push(mirrors.clone());
        }
    }
    for (index, snapshot) in snapshots.into_iter().enumerate() {
        for ((mirror, mut late), device) in mirrors.iter().zip(snapshot).zip(watchers) {
            late.slice = [None, Some(1), Some(3), Some(50)][index % 4];
            let from = late.pts;
            late.catch_up(device).await;
            assert_eq!(late.pts, mirror.pts, "seed {seed}, from {from}");
            assert_eq!(late.known, mirror.known, "seed {seed}, from {from}");
        }
    }
    for (mirror, (device, peer)) in mirrors.iter().zip(watchers.into_iter().zip(&life.peers)) {
        let known: Vec<_> = history(device, peer).await;
        let told: Vec<_> = known.iter().filter_map(|one| mirror.known.messages.get(&id(one))).collect();
        assert_eq!(told, known.iter().collect::<Vec<_>>(), "seed {seed}: as the server has it");
    }
}

#[tokio::test]
async fn catching_up_from_any_state_leads_to_the_same() {
    for seed in [1, 2, 3] {
        live(World::sqlite().await, seed, 150).await;
    }
    live(World::postgres().await, 4, 60).await;
}

#[tokio::test]
async fn a_message_that_came_and_went_is_not_told_of() {
    let world = World::sqlite().await;
    let ann = world.sign_up("+15550100001", "Ann").await;
    let bob = world.sign_up("+15550100002", "Bob").await;
    let to_bob = ann.input_peer(&bob).await;
    let mirror = Mirror::of(&ann).await;
    let gone = send(&ann, &to_bob, "gone").await;
    send(&ann, &to_bob, "there").await;
    let owner = ann.user;
    let erase = move |tx: &mut store::Tx<'_>| service::messages::erase::erase(tx, owner, &[gone], None);
    world.service.store.write(erase).await.unwrap();
    let request =
        functions::updates::GetDifference { pts: mirror.pts, date: mirror.date, ..Default::default() };
    let enums::updates::Difference::Difference(difference) = ann.call(request).await else {
        panic!("a whole difference");
    };
    assert_eq!(difference.new_messages.len(), 1);
    let deleted = difference.other_updates.iter().filter_map(|update| match update {
        enums::Update::DeleteMessages(update) => Some(update.messages.clone()),
        _ => None,
    });
    assert_eq!(deleted.collect::<Vec<_>>(), [[gone]]);
    assert_eq!(difference.state.pts, mirror.pts + 3);
}

#[tokio::test]
async fn slices_get_past_many_events_of_one_second() {
    let world = World::sqlite().await;
    let ann = world.sign_up("+15550100001", "Ann").await;
    let owner = ann.user;
    let mut mirror = Mirror::of(&ann).await;
    let pts = mirror.pts;
    let many = i32::try_from(domain::limits::DIFFERENCE_SLICE).unwrap() * 2 + 10;
    let date = world.service.now();
    world
        .service
        .store
        .write(move |tx| {
            for sub in 1..=many + 3 {
                // All in one second but the last ones.
                let date = if sub <= many { date } else { Time(date.0 + 1000) };
                let update: enums::Update = types::UpdatePeerHistoryTtl {
                    peer: types::PeerUser { user_id: i64::from(sub) }.into(),
                    ttl_period: Some(sub),
                }
                .into();
                let bytes = tl::Encode::to_bytes(&update, tl_api::NEWEST_LAYER).unwrap();
                let what = What::Update(bytes);
                events::insert(tx, &events::Event { owner, pts, sub, count: 0, date, what })?;
            }
            Ok::<_, store::StoreError>(())
        })
        .await
        .unwrap();
    mirror.catch_up(&ann).await;
    assert_eq!(mirror.known.timers.len(), usize::try_from(many).unwrap() + 3);
}

#[tokio::test]
async fn who_is_too_far_behind_or_ahead_begins_anew() {
    let world = World::sqlite().await;
    let ann = world.sign_up("+15550100001", "Ann").await;
    let to_self = enums::InputPeer::PeerSelf;
    let before = ann.call(functions::updates::GetState {}).await;
    for _ in 0..3 {
        send(&ann, &to_self, "a note").await;
    }
    let at = |pts: i32, limit: Option<i32>| functions::updates::GetDifference {
        pts,
        date: before.date,
        pts_total_limit: limit,
        ..Default::default()
    };
    use enums::updates::Difference;
    assert!(
        matches!(ann.call(at(before.pts, Some(2))).await, Difference::TooLong(long) if long.pts == before.pts + 3)
    );
    assert!(matches!(ann.call(at(before.pts, Some(3))).await, Difference::Difference(_)));
    assert!(matches!(ann.call(at(before.pts + 4, None)).await, Difference::TooLong(_)));
    let far = i32::try_from(domain::limits::DIFFERENCE_MAX).unwrap();
    let owner = ann.user;
    world.service.store.write(move |tx| store::boxes::allocate(tx, owner, far, 0)).await.unwrap();
    assert!(matches!(ann.call(at(before.pts, None)).await, Difference::TooLong(_)));
    let answer = ann.try_call(at(-1, None)).await;
    assert_eq!(answer, Err(domain::Fault::persistent_timestamp_invalid()));
}

#[tokio::test]
async fn an_event_that_was_being_written_is_not_missed() {
    World::each(|world| async move {
        let ann = world.sign_up("+15550100001", "Ann").await;
        let bob = world.sign_up("+15550100002", "Bob").await;
        world.clock.advance_millis(3_600_000);
        let began = world.service.now();
        world.clock.advance_millis(30_000);
        let state = ann.call(functions::updates::GetState {}).await;
        let since = |date| functions::updates::GetDifference { pts: state.pts, date, ..Default::default() };
        let enums::updates::Difference::Empty(empty) = ann.call(since(state.date)).await else {
            panic!("nothing has happened");
        };
        // It began before the device asked and was stored after.
        let (owner, peer) = (ann.user, bob.user);
        let write = move |tx: &mut store::Tx<'_>| {
            let event = updates::event::dialog_unread_mark(peer.into(), true);
            let position = updates::log::append(tx, owner, event, None)?;
            let (a, b) = (position.pts.into(), position.sub.into());
            let values = [owner.0, a, b, began.secs()].map(store::Value::Int);
            tx.execute("UPDATE events SET date = $4 WHERE owner = $1 AND pts = $2 AND sub = $3", &values)
        };
        world.service.store.write(write).await.unwrap();
        for date in [state.date, empty.date] {
            let enums::updates::Difference::Difference(missed) = ann.call(since(date)).await else {
                panic!("missed since {date}");
            };
            assert_eq!(missed.other_updates.len(), 1);
            assert!(missed.state.date <= began.wire(), "the final state has the margin too");
        }
    })
    .await;
}
