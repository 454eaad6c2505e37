//! Answers that quote.

use domain::Fault;
use testkit::world::{Device, World};
use tl_api::{enums, functions, types};

use crate::kit::{Pair, messages_of, random_id};

/// An answer to `id` that quotes.
fn quoting(id: i32, quote: &str, offset: Option<i32>) -> enums::InputReplyTo {
    let bold = types::MessageEntityBold { offset: 0, length: 2 }.into();
    types::InputReplyToMessage {
        reply_to_msg_id: id,
        quote_text: Some(quote.to_owned()),
        quote_entities: Some(vec![bold]),
        quote_offset: offset,
        ..Default::default()
    }
    .into()
}

async fn answer(
    device: &Device,
    to: &enums::InputPeer,
    reply: enums::InputReplyTo,
    date: Option<i32>,
) -> Result<(), Fault> {
    let request = functions::messages::SendMessage {
        peer: to.clone(),
        reply_to: Some(reply),
        message: "answer".to_owned(),
        random_id: random_id(),
        schedule_date: date,
        ..Default::default()
    };
    device.try_call(request).await.map(drop)
}

/// What the newest message of a chat quotes, and from where.
async fn quoted(device: &Device, peer: &enums::InputPeer) -> (Option<String>, Option<i32>) {
    let request = functions::messages::GetHistory { peer: peer.clone(), limit: 1, ..Default::default() };
    let messages = messages_of(device.call(request).await);
    let Some(enums::Message::Message(message)) = messages.first() else { panic!("no message: {messages:?}") };
    match &message.reply_to {
        Some(enums::MessageReplyHeader::MessageReplyHeader(header)) => {
            (header.quote_text.clone(), header.quote_offset)
        }
        _ => (None, None),
    }
}

#[tokio::test]
async fn only_what_was_said_can_be_quoted() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let id = pair.ann_says("ha ho ha").await;
        let invalid = Err(Fault::quote_text_invalid());
        for quote in ["hi", "ha ho ha ho", &"x".repeat(1 << 20)] {
            assert_eq!(answer(&pair.ann, &pair.to_bob, quoting(id, quote, None), None).await, invalid);
            let date = Some(world.service.now().wire() + 3600);
            assert_eq!(answer(&pair.ann, &pair.to_bob, quoting(id, quote, None), date).await, invalid);
        }
        let bounds = Err(Fault::entity_bounds_invalid());
        assert_eq!(answer(&pair.ann, &pair.to_bob, quoting(id, "h", None), None).await, bounds);

        answer(&pair.ann, &pair.to_bob, quoting(id, "ha", Some(7)), None).await.unwrap();
        assert_eq!(quoted(&pair.ann, &pair.to_bob).await, (Some("ha".to_owned()), Some(6)));
        assert_eq!(quoted(&pair.bob, &pair.to_ann).await, (Some("ha".to_owned()), Some(6)));
    })
    .await;
}

#[tokio::test]
async fn a_draft_quotes_within_limits() {
    let world = World::sqlite().await;
    let pair = Pair::meet(&world).await;
    let id = pair.ann_says("said").await;
    let draft = |quote: &str| functions::messages::SaveDraft {
        peer: pair.to_bob.clone(),
        reply_to: Some(quoting(id, quote, None)),
        message: "answer".to_owned(),
        ..Default::default()
    };
    assert!(pair.ann.call(draft("said")).await);
    let long = pair.ann.try_call(draft(&"x".repeat(2000))).await;
    assert_eq!(long, Err(Fault::quote_text_invalid()));
    assert_eq!(pair.ann.try_call(draft("s")).await, Err(Fault::entity_bounds_invalid()));
}

#[tokio::test]
async fn a_quote_goes_with_the_message_that_it_is_from() {
    let world = World::sqlite().await;
    let pair = Pair::meet(&world).await;
    let id = pair.ann_says("said").await;
    let date = world.service.now().wire() + 3600;
    answer(&pair.ann, &pair.to_bob, quoting(id, "said", None), Some(date)).await.unwrap();
    let delete = functions::messages::DeleteMessages { revoke: true, id: vec![id] };
    pair.ann.call(delete).await;
    world.clock.advance_millis(3_600_000);
    world.run_jobs().await;
    assert_eq!(quoted(&pair.ann, &pair.to_bob).await, (None, None));
}
