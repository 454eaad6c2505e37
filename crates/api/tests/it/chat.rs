//! Two people, three devices: the way of a message through everything but the sockets.

use domain::Fault;
use testkit::world::{Device, World};
use tl_api::{enums, functions, types};

fn text(to: enums::InputPeer, message: &str, random_id: i64) -> functions::messages::SendMessage {
    functions::messages::SendMessage {
        peer: to,
        message: message.to_owned(),
        random_id,
        ..Default::default()
    }
}

fn new_messages(updates: &[enums::Update]) -> Vec<(i32, i32, String, bool)> {
    updates
        .iter()
        .filter_map(|update| match update {
            enums::Update::NewMessage(update) => match &update.message {
                enums::Message::Message(message) => {
                    Some((update.pts, message.id, message.message.clone(), message.out))
                }
                _ => None,
            },
            _ => None,
        })
        .collect()
}

async fn state(device: &Device) -> types::updates::State {
    device.call(functions::updates::GetState {}).await
}

async fn updates_of(device: &Device, request: functions::messages::SendMessage) -> Vec<enums::Update> {
    match device.call(request).await {
        enums::Updates::Updates(updates) => updates.updates,
        other => panic!("answered in another container: {other:?}"),
    }
}

#[tokio::test]
async fn a_message_reaches_every_device_but_the_one_that_sent_it() {
    World::each(|world| async move {
        let ann = world.sign_up("+15550100001", "Ann").await;
        let ann_tablet = world.sign_in("+15550100001").await;
        let bob = world.sign_up("+15550100002", "Bob").await;
        for device in [&ann, &ann_tablet, &bob] {
            state(device).await;
            device.pushed().await;
        }
        let (before_ann, before_bob) = (state(&ann).await, state(&bob).await);
        let to_bob = ann.input_peer(&bob).await;

        let answer = updates_of(&ann, text(to_bob, "hello", 42)).await;
        assert!(matches!(&answer[0], enums::Update::MessageId(update) if update.random_id == 42));
        let own = new_messages(&answer);
        assert_eq!(own.len(), 1);
        assert_eq!((own[0].0, own[0].2.as_str(), own[0].3), (before_ann.pts + 1, "hello", true));

        assert_eq!(new_messages(&ann.pushed().await), [], "the sender has its answer");
        assert_eq!(new_messages(&ann_tablet.pushed().await), own, "the other device sees the same");
        let received = new_messages(&bob.pushed().await);
        assert_eq!(received.len(), 1);
        assert_eq!(
            (received[0].0, received[0].2.as_str(), received[0].3),
            (before_bob.pts + 1, "hello", false)
        );
    })
    .await;
}

#[tokio::test]
async fn a_repeated_send_is_answered_again_and_written_once() {
    World::each(|world| async move {
        let ann = world.sign_up("+15550100001", "Ann").await;
        let bob = world.sign_up("+15550100002", "Bob").await;
        let to_bob = ann.input_peer(&bob).await;
        let first = updates_of(&ann, text(to_bob.clone(), "once", 7)).await;
        let pts = state(&ann).await.pts;
        let second = updates_of(&ann, text(to_bob, "once", 7)).await;
        assert_eq!(first, second);
        assert_eq!(state(&ann).await.pts, pts);
    })
    .await;
}

#[tokio::test]
async fn the_difference_tells_what_the_pushes_told() {
    World::each(|world| async move {
        let ann = world.sign_up("+15550100001", "Ann").await;
        let bob = world.sign_up("+15550100002", "Bob").await;
        let since = state(&bob).await;
        let to_bob = ann.input_peer(&bob).await;
        for number in 1..=5 {
            updates_of(&ann, text(to_bob.clone(), &format!("message {number}"), number)).await;
        }
        let pushed = new_messages(&bob.pushed().await);
        let request =
            functions::updates::GetDifference { pts: since.pts, date: since.date, ..Default::default() };
        let enums::updates::Difference::Difference(difference) = bob.call(request).await else {
            panic!("five events fit into one difference");
        };
        let missed = difference
            .new_messages
            .iter()
            .map(|message| match message {
                enums::Message::Message(message) => message.message.clone(),
                other => panic!("not a text: {other:?}"),
            })
            .collect::<Vec<_>>();
        assert_eq!(missed, pushed.iter().map(|(_, _, text, _)| text.clone()).collect::<Vec<_>>());
        assert_eq!(difference.state.pts, since.pts + 5);
        assert_eq!(difference.users.len(), 2, "both sides are described");
    })
    .await;
}

#[tokio::test]
async fn nobody_is_written_to_on_a_guess() {
    World::each(|world| async move {
        let ann = world.sign_up("+15550100001", "Ann").await;
        let bob = world.sign_up("+15550100002", "Bob").await;
        let guess = types::InputPeerUser { user_id: bob.user.0, access_hash: 1 };
        let refused = ann.try_call(text(guess.into(), "hi", 1)).await;
        assert_eq!(refused, Err(Fault::peer_id_invalid()));
    })
    .await;
}

#[tokio::test]
async fn every_layer_is_answered_in_its_own_form() {
    let world = World::sqlite().await;
    let bob = world.sign_up("+15550100002", "Bob").await;
    let mut ann = world.sign_up("+15550100001", "Ann").await;
    for (index, layer) in tl_api::LAYERS.iter().enumerate() {
        ann = ann.at_layer(*layer);
        let to_bob = ann.input_peer(&bob).await;
        let random_id = i64::try_from(index).unwrap() + 1;
        let answer = updates_of(&ann, text(to_bob, "layers", random_id)).await;
        assert_eq!(new_messages(&answer).len(), 1, "layer {layer}");
    }
}
