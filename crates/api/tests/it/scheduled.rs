//! Messages for later.

use std::sync::Arc;

use domain::{Fault, limits};
use service::jobs;
use store::Value;
use testkit::world::{BEGINNING, Device, World};
use tl_api::{enums, functions, types};

use crate::mirror::{Mirror, history, id, listed, send, text, whole, words};

const HOUR: i32 = 3600;

fn at(secs: i32) -> i32 {
    BEGINNING.wire() + secs
}

async fn later(
    device: &Device,
    to: &enums::InputPeer,
    message: &str,
    random_id: i64,
    date: i32,
) -> Result<types::Updates, Fault> {
    let request =
        functions::messages::SendMessage { schedule_date: Some(date), ..text(to, message, random_id) };
    device.try_call(request).await.map(whole)
}

async fn waiting(device: &Device, peer: &enums::InputPeer) -> Vec<enums::Message> {
    let request = functions::messages::GetScheduledHistory { peer: peer.clone(), hash: 0 };
    listed(device.call(request).await).0
}

async fn run_job(world: &Arc<World>) {
    jobs::scheduled::run(world.service.clone()).await.expect("the job runs");
}

/// The id and, if it waits, the message of an answer to `later`.
fn answered(updates: &types::Updates) -> (i32, Option<&types::Message>) {
    let [enums::Update::MessageId(first), rest @ ..] = updates.updates.as_slice() else {
        panic!("no id first: {updates:?}");
    };
    let message = rest.iter().find_map(|update| match update {
        enums::Update::NewScheduledMessage(update) => match &update.message {
            enums::Message::Message(message) => Some(&**message),
            other => panic!("no message waits: {other:?}"),
        },
        _ => None,
    });
    (first.id, message)
}

#[tokio::test]
async fn a_message_waits_for_its_time_and_is_sent() {
    World::each(|world| async move {
        let ann = world.sign_up("+15550100001", "Ann").await;
        let ann_tablet = world.sign_in("+15550100001").await;
        let bob = world.sign_up("+15550100002", "Bob").await;
        let (to_bob, to_ann) = (ann.input_peer(&bob).await, bob.input_peer(&ann).await);
        let mut mirrors = [Mirror::of(&ann).await, Mirror::of(&ann_tablet).await, Mirror::of(&bob).await];
        let since = mirrors.clone();

        let answer = later(&ann, &to_bob, "later", 11, at(HOUR)).await.unwrap();
        let (waiting_id, message) = answered(&answer);
        let message = message.expect("it waits");
        assert_eq!((message.id, message.date, message.out), (waiting_id, at(HOUR), true));
        assert!(answer.users.len() >= 2, "both sides are described");
        mirrors[0].take(answer.clone());
        let again = later(&ann, &to_bob, "later", 11, at(HOUR)).await.unwrap();
        assert_eq!(answered(&again), answered(&answer), "the same try again");
        assert_eq!(waiting(&ann, &to_bob).await.len(), 1);
        assert!(history(&bob, &to_ann).await.is_empty());

        world.clock.advance_millis(i64::from(HOUR) * 1000 - 1);
        run_job(&world).await;
        assert!(history(&bob, &to_ann).await.is_empty(), "not yet");
        world.clock.advance_millis(1);
        run_job(&world).await;
        run_job(&world).await;
        assert!(waiting(&ann, &to_bob).await.is_empty());
        let [enums::Message::Message(sent)] = &history(&ann, &to_bob).await[..] else { panic!("sent once") };
        assert!(sent.from_scheduled && sent.out && sent.date == at(HOUR));
        let [enums::Message::Message(got)] = &history(&bob, &to_ann).await[..] else { panic!("got once") };
        assert!(!got.from_scheduled && got.message == "later");

        // A try that comes after the message was sent is answered with it.
        let late = later(&ann, &to_bob, "later", 11, at(HOUR)).await.unwrap();
        assert_eq!(answered(&late), (sent.id, None));

        for (mirror, device) in mirrors.iter_mut().zip([&ann, &ann_tablet, &bob]) {
            mirror.hear(device).await;
            assert!(mirror.known.scheduled.is_empty());
            assert_eq!(mirror.known.messages.len(), 1);
        }
        for ((mirror, mut late), device) in mirrors.iter().zip(since).zip([&ann, &ann_tablet, &bob]) {
            late.catch_up(device).await;
            assert_eq!(mirror.known, late.known, "pushed and fetched");
        }
    })
    .await;
}

#[tokio::test]
async fn devices_are_told_which_message_a_waiting_one_became() {
    let world = World::sqlite().await;
    let ann = world.sign_up("+15550100001", "Ann").await;
    let bob = world.sign_up("+15550100002", "Bob").await;
    let to_bob = ann.input_peer(&bob).await;
    let (first, _) = answered(&later(&ann, &to_bob, "one", 1, at(HOUR)).await.unwrap());
    ann.pushed().await;
    world.clock.advance_millis(i64::from(HOUR) * 1000);
    run_job(&world).await;
    let pushed = ann.pushed().await;
    let new = pushed.iter().find_map(|update| match update {
        enums::Update::NewMessage(update) => Some(id(&update.message)),
        _ => None,
    });
    let became = pushed.iter().find_map(|update| match update {
        enums::Update::DeleteScheduledMessages(update) => {
            Some((update.messages.clone(), update.sent_messages.clone()))
        }
        _ => None,
    });
    assert_eq!(became, Some((vec![first], Some(vec![new.expect("the new message")]))));
}

#[tokio::test]
async fn a_near_date_is_now_and_a_far_one_is_refused() {
    let world = World::sqlite().await;
    let ann = world.sign_up("+15550100001", "Ann").await;
    let bob = world.sign_up("+15550100002", "Bob").await;
    let to_bob = ann.input_peer(&bob).await;
    for (random_id, date) in [(1, at(9)), (2, at(0)), (3, at(-HOUR)), (4, 1)] {
        let answer = later(&ann, &to_bob, "now", random_id, date).await.unwrap();
        assert_eq!(answered(&answer).1, None, "{date}");
        let again = later(&ann, &to_bob, "now", random_id, date).await.unwrap();
        assert_eq!(answered(&again).0, answered(&answer).0);
    }
    assert_eq!(history(&ann, &to_bob).await.len(), 4);
    let answer = later(&ann, &to_bob, "soon", 5, at(10)).await.unwrap();
    assert!(answered(&answer).1.is_some());

    let year = i32::try_from(limits::SCHEDULE_AHEAD_SECS).unwrap();
    assert!(later(&ann, &to_bob, "in a year", 6, at(year)).await.is_ok());
    for date in [at(year + 1), i32::MAX] {
        let answer = later(&ann, &to_bob, "too late", 7, date).await;
        assert_eq!(answer, Err(Fault::schedule_date_too_late()), "{date}");
    }
    let repeated = functions::messages::SendMessage {
        schedule_date: Some(at(HOUR)),
        schedule_repeat_period: Some(86_400),
        ..text(&to_bob, "every day", 8)
    };
    assert_eq!(ann.try_call(repeated).await, Err(Fault::premium_account_required()));
}

#[tokio::test]
async fn a_dialog_holds_only_so_many() {
    let world = World::sqlite().await;
    let ann = world.sign_up("+15550100001", "Ann").await;
    let bob = world.sign_up("+15550100002", "Bob").await;
    let to_bob = ann.input_peer(&bob).await;
    for random_id in 1..=i64::try_from(limits::SCHEDULED_MESSAGES).unwrap() {
        later(&ann, &to_bob, "one of many", random_id, at(HOUR)).await.unwrap();
    }
    let answer = later(&ann, &to_bob, "one too many", 1000, at(HOUR)).await;
    assert_eq!(answer, Err(Fault::schedule_too_much()));
    let to_self = enums::InputPeer::PeerSelf;
    assert!(later(&ann, &to_self, "a reminder", 1001, at(HOUR)).await.is_ok(), "in another dialog");
    world.clock.advance_millis(i64::from(HOUR) * 1000);
    run_job(&world).await;
    run_job(&world).await;
    assert_eq!(history(&bob, &bob.input_peer(&ann).await).await.len(), 100);
    assert_eq!(history(&ann, &to_self).await.iter().map(words).collect::<Vec<_>>(), ["a reminder"]);
}

#[tokio::test]
async fn lists_and_hashes() {
    World::each(|world| async move {
        let ann = world.sign_up("+15550100001", "Ann").await;
        let bob = world.sign_up("+15550100002", "Bob").await;
        let (to_bob, to_ann) = (ann.input_peer(&bob).await, bob.input_peer(&ann).await);
        let mut ids = Vec::new();
        for (random_id, date) in [(1, 2 * HOUR), (2, HOUR), (3, 3 * HOUR)] {
            let answer = later(&ann, &to_bob, "later", random_id, at(date)).await.unwrap();
            ids.push(answered(&answer).0);
        }
        let listed_ids: Vec<i32> = waiting(&ann, &to_bob).await.iter().map(id).collect();
        assert_eq!(listed_ids, [ids[2], ids[0], ids[1]], "the last to be sent first");
        assert!(waiting(&bob, &to_ann).await.is_empty(), "the other side sees nothing");

        let numbers = [(ids[2], 3 * HOUR), (ids[0], 2 * HOUR), (ids[1], HOUR)]
            .into_iter()
            .flat_map(|(id, date)| [id, 0, at(date)]);
        let hash = updates::offsets::list_hash(numbers.map(i64::from));
        let request = functions::messages::GetScheduledHistory { peer: to_bob.clone(), hash };
        let answer = ann.call(request).await;
        assert!(matches!(answer, enums::messages::Messages::NotModified(_)), "{answer:?}");

        let request =
            functions::messages::GetScheduledMessages { peer: to_bob.clone(), id: vec![ids[1], 999, ids[0]] };
        let (messages, _) = listed(ann.call(request).await);
        assert_eq!(messages.iter().map(id).collect::<Vec<_>>(), [ids[1], 999, ids[0]]);
        assert!(matches!(messages[1], enums::Message::Empty(_)));
    })
    .await;
}

#[tokio::test]
async fn waiting_messages_are_taken_back_or_sent_by_hand() {
    World::each(|world| async move {
        let ann = world.sign_up("+15550100001", "Ann").await;
        let ann_tablet = world.sign_in("+15550100001").await;
        let bob = world.sign_up("+15550100002", "Bob").await;
        let to_bob = ann.input_peer(&bob).await;
        let mut ids = Vec::new();
        for random_id in 1..=3 {
            let answer = later(&ann, &to_bob, &format!("no {random_id}"), random_id, at(HOUR)).await.unwrap();
            ids.push(answered(&answer).0);
        }
        let mut tablet = Mirror::of(&ann_tablet).await;
        let request =
            functions::messages::DeleteScheduledMessages { peer: to_bob.clone(), id: vec![ids[0], 999] };
        let answer = whole(ann.call(request).await);
        let [enums::Update::DeleteScheduledMessages(update)] = &answer.updates[..] else {
            panic!("{answer:?}");
        };
        assert_eq!((&update.messages[..], &update.sent_messages), (&ids[..1], &None));

        let request = functions::messages::SendScheduledMessages { peer: to_bob.clone(), id: vec![ids[0]] };
        assert_eq!(ann.try_call(request).await, Err(Fault::message_id_invalid()), "it is gone");
        let request = functions::messages::SendScheduledMessages { peer: to_bob.clone(), id: vec![ids[1]] };
        let answer = whole(ann.call(request).await);
        assert!(matches!(&answer.updates[0], enums::Update::NewMessage(_)), "{answer:?}");
        tablet.hear(&ann_tablet).await;
        assert_eq!(tablet.known.messages.values().map(words).collect::<Vec<_>>(), ["no 2"]);
        assert_eq!(waiting(&ann, &to_bob).await.iter().map(id).collect::<Vec<_>>(), [ids[2]]);

        // Somebody else's queue is out of reach.
        let to_ann = bob.input_peer(&ann).await;
        let request = functions::messages::SendScheduledMessages { peer: to_ann, id: vec![ids[2]] };
        assert_eq!(bob.try_call(request).await, Err(Fault::message_id_invalid()));
    })
    .await;
}

#[tokio::test]
async fn a_message_waits_until_somebody_comes_online() {
    let world = World::sqlite().await;
    let ann = world.sign_up("+15550100001", "Ann").await;
    let bob = world.sign_up("+15550100002", "Bob").await;
    let (to_bob, to_ann) = (ann.input_peer(&bob).await, bob.input_peer(&ann).await);
    world.service.presence.offline(bob.user, bob.session.key_id, world.service.now());
    let answer = later(&ann, &to_bob, "welcome", 1, limits::SCHEDULE_UNTIL_ONLINE).await.unwrap();
    assert_eq!(answered(&answer).1.unwrap().date, limits::SCHEDULE_UNTIL_ONLINE);
    world.clock.advance_millis(10_000);
    run_job(&world).await;
    assert!(history(&bob, &to_ann).await.is_empty());
    world.service.presence.online(bob.user, bob.session.key_id, world.service.now());
    run_job(&world).await;
    assert_eq!(history(&bob, &to_ann).await.iter().map(words).collect::<Vec<_>>(), ["welcome"]);
    let to_self = enums::InputPeer::PeerSelf;
    let answer = later(&ann, &to_self, "when I am there", 2, limits::SCHEDULE_UNTIL_ONLINE).await;
    assert_eq!(answer, Err(Fault::schedule_date_invalid()));
}

#[tokio::test]
async fn an_answer_to_a_message_that_is_gone_is_sent_without_it() {
    let world = World::sqlite().await;
    let ann = world.sign_up("+15550100001", "Ann").await;
    let bob = world.sign_up("+15550100002", "Bob").await;
    let to_bob = ann.input_peer(&bob).await;
    let question = send(&ann, &to_bob, "question").await;
    for (random_id, date) in [(1, HOUR), (2, 2 * HOUR)] {
        let reply = types::InputReplyToMessage { reply_to_msg_id: question, ..Default::default() };
        let request = functions::messages::SendMessage {
            schedule_date: Some(at(date)),
            reply_to: Some(reply.into()),
            ..text(&to_bob, "answer", random_id)
        };
        ann.call(request).await;
    }
    world.clock.advance_millis(i64::from(HOUR) * 1000);
    run_job(&world).await;
    let owner = ann.user;
    world
        .service
        .store
        .write(move |tx| service::messages::erase::erase(tx, owner, &[question], None))
        .await
        .unwrap();
    world.clock.advance_millis(i64::from(HOUR) * 1000);
    run_job(&world).await;
    let replies: Vec<bool> = history(&ann, &to_bob)
        .await
        .iter()
        .map(|message| matches!(message, enums::Message::Message(message) if message.reply_to.is_some()))
        .collect();
    assert_eq!(replies, [false, true]);
}

#[tokio::test]
async fn a_random_id_names_one_message_whether_it_waits_or_is_sent() {
    World::each(|world| async move {
        let ann = world.sign_up("+15550100001", "Ann").await;
        let bob = world.sign_up("+15550100002", "Bob").await;
        let (to_bob, to_ann) = (ann.input_peer(&bob).await, bob.input_peer(&ann).await);
        later(&ann, &to_bob, "later", 7, at(15)).await.unwrap();
        let taken = Err(Fault::random_id_duplicate());
        assert_eq!(ann.try_call(text(&to_bob, "now", 7)).await.map(whole), taken);
        let said = send(&ann, &to_bob, "said").await;
        let forward = functions::messages::ForwardMessages {
            from_peer: to_bob.clone(),
            to_peer: to_bob.clone(),
            id: vec![said],
            random_id: vec![7],
            ..Default::default()
        };
        assert_eq!(ann.try_call(forward).await.map(whole), taken);

        // Another node may have sent one with the same id in the meantime.
        let owner = ann.user;
        let same = move |tx: &mut store::Tx<'_>| {
            tx.execute(
                "UPDATE messages SET random_id = 7 WHERE owner = $1 AND id = $2",
                &[Value::Int(owner.0), Value::Int(said.into())],
            )
        };
        world.service.store.write(same).await.unwrap();
        world.clock.advance_millis(15_000);
        run_job(&world).await;
        assert!(waiting(&ann, &to_bob).await.is_empty(), "it does not wait any more");
        assert_eq!(history(&bob, &to_ann).await.iter().map(words).collect::<Vec<_>>(), ["said"]);
    })
    .await;
}

#[tokio::test]
async fn a_message_that_cannot_be_sent_is_passed_over() {
    World::each(|world| async move {
        let ann = world.sign_up("+15550100001", "Ann").await;
        let bob = world.sign_up("+15550100002", "Bob").await;
        let (to_bob, to_ann) = (ann.input_peer(&bob).await, bob.input_peer(&ann).await);
        later(&ann, &to_bob, "broken", 1, at(15)).await.unwrap();
        later(&bob, &to_ann, "whole", 2, at(16)).await.unwrap();
        let owner = ann.user;
        let damage = move |tx: &mut store::Tx<'_>| {
            tx.execute(
                "UPDATE scheduled SET content = $2 WHERE owner = $1",
                &[Value::Int(owner.0), Value::Blob(b"damaged")],
            )
        };
        world.service.store.write(damage).await.unwrap();
        world.clock.advance_millis(20_000);
        let next = jobs::scheduled::run(world.service.clone()).await.expect("the job runs");
        assert_eq!(history(&ann, &to_bob).await.iter().map(words).collect::<Vec<_>>(), ["whole"]);
        assert!(next > Some(world.service.now()), "the broken one is tried again later");
    })
    .await;
}

#[tokio::test]
async fn who_sends_too_fast_does_not_hold_up_others() {
    World::each(|world| async move {
        let ann = world.sign_up("+15550100001", "Ann").await;
        let bob = world.sign_up("+15550100002", "Bob").await;
        let (to_bob, to_ann) = (ann.input_peer(&bob).await, bob.input_peer(&ann).await);
        for random_id in 1..=100 {
            later(&ann, &to_bob, "many", random_id, at(15)).await.unwrap();
        }
        later(&bob, &to_ann, "one", 101, at(16)).await.unwrap();
        world.clock.advance_millis(20_000);
        let (owner, now) = (ann.user, world.service.now());
        let budget = &domain::flood::SEND_MESSAGES;
        while world.service.pace.take(budget, owner, now).is_ok() {}
        run_job(&world).await;
        let next = jobs::scheduled::run(world.service.clone()).await.expect("the job runs");
        assert_eq!(history(&ann, &to_bob).await.iter().map(words).collect::<Vec<_>>(), ["one"]);
        // The minute began when the first of them was scheduled.
        assert_eq!(next, Some(now.plus_secs(40)), "when the wait is over");
        assert_eq!(waiting(&ann, &to_bob).await.len(), 100, "nothing is lost");
        world.clock.advance_millis(60_000);
        run_job(&world).await;
        assert!(waiting(&ann, &to_bob).await.is_empty());
        assert_eq!(history(&bob, &to_ann).await.len(), 100, "a page of what came");
    })
    .await;
}
