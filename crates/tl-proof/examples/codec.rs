//! Encode and decode speed of a page of history: `cargo run --release -p tl-proof --example codec`

use std::hint::black_box;
use std::time::{Duration, Instant};

use tl_api::{Decode, Encode, LAYERS, enums, types};

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Instant {
    Instant::now()
}

/// 100 messages with text and entities, every fourth with a photo, every fifth a reply; 20 users.
fn history() -> enums::messages::Messages {
    let text = "A line of chat about as long as people write them, with a link https://example.org/page";
    let messages = (0..100).map(|id| {
        let photo = types::Photo {
            id: i64::from(id) << 32,
            access_hash: 0x1234_5678_9abc_def0,
            file_reference: vec![7; 24],
            date: 1_700_000_000,
            sizes: ["s", "m", "x", "y"]
                .map(|kind| types::PhotoSize { r#type: kind.into(), w: 800, h: 600, size: 70_000 }.into())
                .into(),
            dc_id: 2,
            ..Default::default()
        };
        let media = types::MessageMediaPhoto { photo: Some(photo.into()), ..Default::default() };
        let reply = types::MessageReplyHeader { reply_to_msg_id: Some(id - 1), ..Default::default() };
        types::Message {
            id,
            from_id: Some(types::PeerUser { user_id: 1000 + i64::from(id % 20) }.into()),
            peer_id: types::PeerChannel { channel_id: 77 }.into(),
            date: 1_700_000_000 + id,
            message: text.into(),
            entities: Some(vec![types::MessageEntityUrl { offset: 63, length: 24 }.into()]),
            media: (id % 4 == 0).then(|| media.into()),
            reply_to: (id % 5 == 0).then(|| reply.into()),
            views: Some(100),
            forwards: Some(1),
            ..Default::default()
        }
        .into()
    });
    let users = (0..20).map(|id| {
        types::User {
            id: 1000 + id,
            access_hash: Some(id * 7_777_777),
            first_name: Some("First".into()),
            last_name: Some("Last".into()),
            username: Some(format!("user_{id}")),
            status: Some(types::UserStatusOffline { was_online: 1_700_000_000 }.into()),
            ..Default::default()
        }
        .into()
    });
    types::messages::Messages { messages: messages.collect(), users: users.collect(), ..Default::default() }
        .into()
}

/// Megabytes a second of `work`, which handles `bytes` a time; the best of five rounds.
fn speed(bytes: usize, mut work: impl FnMut()) -> f64 {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let start = now();
        for _ in 0..200 {
            work();
        }
        best = best.min(now() - start);
    }
    (bytes * 200) as f64 / best.as_secs_f64() / 1e6
}

fn main() {
    let value = history();
    for &layer in [LAYERS[0], LAYERS[LAYERS.len() - 1]].iter() {
        let bytes = value.to_bytes(layer).expect("has a form");
        let encode = speed(bytes.len(), || drop(black_box(black_box(&value).to_bytes(layer))));
        let decode = speed(bytes.len(), || drop(black_box(enums::messages::Messages::from_bytes(&bytes))));
        println!("layer {layer}: {} bytes, encode {encode:.0} MB/s, decode {decode:.0} MB/s", bytes.len());
    }
}
