//! Pages of a chat against a naive model, and the ways in which client libraries walk through it.

use domain::testing::SeededRandom;
use domain::{Fault, Random};
use testkit::world::{Device, World};
use tl_api::{enums, functions};

use crate::kit::{self, Pair};

/// Id and date of a message as the chat has it.
type Row = (i32, i32);

/// A seed of its own for each run, or the one in `SEED`; shown when the test fails.
fn seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    let fresh = || std::hash::RandomState::new().build_hasher().finish();
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(fresh);
    println!("SEED={seed}");
    seed
}

struct Dice(SeededRandom);

impl Dice {
    fn below(&self, bound: i32) -> i32 {
        let random: &dyn Random = &self.0;
        i32::try_from(random.below(u64::try_from(bound).unwrap())).unwrap()
    }
}

/// A chat with holes in its ids and several messages in most seconds. Newest first.
async fn chat(pair: &Pair, dice: &Dice, messages: i32) -> Vec<Row> {
    let mut rows = Vec::new();
    for number in 0..messages {
        let text = number.to_string();
        if dice.below(3) == 0 {
            pair.bob_says(&text).await;
        } else {
            pair.ann_says(&text).await;
        }
        let id = kit::dialog_with(&pair.ann, &pair.to_bob).await.top_message;
        rows.push((id, pair.world.service.now().wire()));
        match dice.below(6) {
            0 => {
                kit::say(&pair.ann, &enums::InputPeer::PeerSelf, "elsewhere").await;
            }
            1 => {
                pair.ann.call(functions::messages::DeleteMessages { revoke: false, id: vec![id] }).await;
                rows.pop();
            }
            2 => pair.world.clock.advance_millis(i64::from(dice.below(5000))),
            _ => {}
        }
    }
    rows.reverse();
    rows
}

fn empty(pair: &Pair) -> functions::messages::GetHistory {
    functions::messages::GetHistory { peer: pair.to_bob.clone(), ..Default::default() }
}

/// What the page ought to be, from the whole chat.
fn model(rows: &[Row], request: &functions::messages::GetHistory) -> Vec<i32> {
    let first = match (request.offset_id, request.offset_date) {
        (id, _) if id > 0 => rows.iter().position(|row| row.0 < id),
        (_, date) if date > 0 => rows.iter().position(|row| row.1 < date),
        _ => Some(0),
    };
    let first = i64::try_from(first.unwrap_or(rows.len())).unwrap();
    let begin = first + i64::from(request.add_offset);
    let end = begin + i64::from(request.limit.min(100));
    let range =
        begin.clamp(0, i64::try_from(rows.len()).unwrap())..end.clamp(0, i64::try_from(rows.len()).unwrap());
    range
        .map(|place| rows[usize::try_from(place).unwrap()].0)
        .filter(|id| request.max_id <= 0 || *id < request.max_id)
        .filter(|id| request.min_id <= 0 || *id > request.min_id)
        .collect()
}

/// Requests do not show what is in them by themselves.
fn shown(request: &functions::messages::GetHistory) -> String {
    format!(
        "offset_id {}, offset_date {}, add_offset {}, limit {}, max_id {}, min_id {}",
        request.offset_id,
        request.offset_date,
        request.add_offset,
        request.limit,
        request.max_id,
        request.min_id
    )
}

/// Ids of a page, and the count if it is a slice.
async fn page(device: &Device, request: functions::messages::GetHistory) -> (Vec<i32>, Option<i32>) {
    let answer = device.call(request).await;
    let count = match &answer {
        enums::messages::Messages::Slice(slice) => Some(slice.count),
        _ => None,
    };
    (kit::messages_of(answer).iter().map(id_of).collect(), count)
}

fn id_of(message: &enums::Message) -> i32 {
    match message {
        enums::Message::Message(message) => message.id,
        other => panic!("no text: {other:?}"),
    }
}

#[tokio::test]
async fn any_window_is_what_the_model_says() {
    let dice = Dice(SeededRandom::new(seed()));
    let pair = Pair::meet(&World::sqlite().await).await;
    let rows = chat(&pair, &dice, 60).await;
    let total = i32::try_from(rows.len()).unwrap();
    let (newest, dates) = (rows[0].0, (rows[rows.len() - 1].1, rows[0].1));
    for _ in 0..600 {
        let some_id = |dice: &Dice| if dice.below(3) == 0 { 0 } else { dice.below(newest + 5) };
        let request = functions::messages::GetHistory {
            offset_id: some_id(&dice),
            offset_date: if dice.below(2) == 0 { 0 } else { dates.0 + dice.below(dates.1 - dates.0 + 4) - 1 },
            add_offset: dice.below(2 * total) - total,
            limit: dice.below(total + 10),
            max_id: if dice.below(4) == 0 { some_id(&dice) } else { 0 },
            min_id: if dice.below(4) == 0 { some_id(&dice) } else { 0 },
            ..empty(&pair)
        };
        let expected = model(&rows, &request);
        let (ids, count) = page(&pair.ann, request.clone()).await;
        assert_eq!(ids, expected, "{}", shown(&request));
        let whole = ids.len() == rows.len();
        assert_eq!(count, (!whole).then_some(total), "{}", shown(&request));
    }
}

#[tokio::test]
async fn the_same_windows_on_the_other_engine() {
    let dice = Dice(SeededRandom::new(seed()));
    let pair = Pair::meet(&World::postgres().await).await;
    let rows = chat(&pair, &dice, 12).await;
    for offset_id in [0, rows[3].0, rows[5].0 + 1] {
        for add_offset in -6..6 {
            let request = functions::messages::GetHistory { offset_id, add_offset, limit: 4, ..empty(&pair) };
            assert_eq!(
                page(&pair.ann, request.clone()).await.0,
                model(&rows, &request),
                "{}",
                shown(&request)
            );
        }
    }
}

/// Where a library goes after a page, with its first request; `None` when it is done.
type Walk = fn(&functions::messages::GetHistory, &[i32]) -> Option<functions::messages::GetHistory>;

/// (library, first request, next request, whether oldest come first)
fn walks(pair: &Pair) -> Vec<(&'static str, functions::messages::GetHistory, Walk, bool)> {
    let limited = functions::messages::GetHistory { limit: 7, ..empty(pair) };
    let from = |offset_id, add_offset| functions::messages::GetHistory {
        offset_id,
        add_offset,
        limit: 7,
        ..empty(pair)
    };
    vec![
        // A short page ends it.
        (
            "Telethon",
            limited.clone(),
            |now, ids| {
                let next = functions::messages::GetHistory { offset_id: *ids.last()?, ..now.clone() };
                (ids.len() == 7).then_some(next)
            },
            false,
        ),
        (
            "Telethon, reversed",
            from(1, -7),
            |now, ids| {
                let next = functions::messages::GetHistory { offset_id: ids.first()? + 1, ..now.clone() };
                (ids.len() == 7).then_some(next)
            },
            true,
        ),
        // Only an empty page ends it.
        (
            "Kurigram",
            limited.clone(),
            |now, ids| Some(functions::messages::GetHistory { offset_id: *ids.last()?, ..now.clone() }),
            false,
        ),
        (
            "Kurigram, reversed",
            from(1, -7),
            |now, ids| Some(functions::messages::GetHistory { offset_id: ids.first()? + 1, ..now.clone() }),
            true,
        ),
        (
            "mtcute",
            limited.clone(),
            |now, ids| {
                let offset_id = *ids.last()?;
                Some(functions::messages::GetHistory { offset_id, offset_date: 1, ..now.clone() })
            },
            false,
        ),
        (
            "grammers, reversed",
            from(1, -6),
            |now, ids| {
                let last = *ids.first()?;
                let (offset_id, min_id, add_offset) = (last, last, -7);
                Some(functions::messages::GetHistory { offset_id, min_id, add_offset, ..now.clone() })
            },
            true,
        ),
    ]
}

#[tokio::test]
async fn every_library_gets_through_a_chat_and_to_its_end() {
    let dice = Dice(SeededRandom::new(seed()));
    let pair = Pair::meet(&World::sqlite().await).await;
    let rows = chat(&pair, &dice, 50).await;
    let all: Vec<i32> = rows.iter().map(|row| row.0).collect();
    for (library, first, next, reversed) in walks(&pair) {
        let mut seen = Vec::new();
        let mut request = Some(first);
        let mut calls = 0;
        while let Some(now) = request {
            let (mut ids, _) = page(&pair.ann, now.clone()).await;
            request = next(&now, &ids);
            if reversed {
                ids.reverse();
            }
            seen.extend(ids);
            calls += 1;
            assert!(calls < 100, "{library} goes round in circles");
        }
        if reversed {
            seen.reverse();
        }
        assert_eq!(seen, all, "{library}");
    }
}

#[tokio::test]
async fn limits_are_kept() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        pair.ann_says("one").await;
        pair.ann_says("two").await;
        let none = functions::messages::GetHistory { limit: 0, ..empty(&pair) };
        assert_eq!(page(&pair.ann, none).await, (vec![], Some(2)), "only the count");
        let negative = functions::messages::GetHistory { limit: -1, ..empty(&pair) };
        assert_eq!(pair.ann.try_call(negative).await, Err(Fault::limit_invalid()));
        let past = functions::messages::GetHistory { offset_id: 1, limit: 5, ..empty(&pair) };
        assert_eq!(page(&pair.ann, past).await, (vec![], Some(2)), "past the end");
        let extreme =
            functions::messages::GetHistory { add_offset: i32::MIN, limit: i32::MAX, ..empty(&pair) };
        assert_eq!(page(&pair.ann, extreme).await.0, [0; 0]);
    })
    .await;
}
