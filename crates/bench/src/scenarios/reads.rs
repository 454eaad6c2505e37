//! Reading: a page of a chat, and the list of chats.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use domain::UserId;
use tl_api::{enums, functions};
use tokio::runtime::Handle;

use crate::figures::Figure;
use crate::home::Process;
use crate::line::{Door, Line};
use crate::scenarios::{Context, settle, single};
use crate::seed::{Person, Seed};
use crate::usage::Usage;

/// People who read at once.
const READERS: u32 = 8;
/// Chats of each, and messages in one of them.
const CHATS: usize = 100;
const MESSAGES: usize = 200;
/// What is asked for at once.
const PAGE: i32 = 100;

pub fn run(context: &Context) -> Result<Vec<Figure>, String> {
    let home = context.home()?;
    let readers = single()?.block_on(async {
        let mut seed = Seed::open(&home.store()?)?;
        let readers = prepare(&mut seed).await?;
        seed.close();
        Ok::<_, String>(readers)
    })?;
    let server = context.start(&home)?;
    let outcome = measure(context, &server, &readers)?;
    let limit = |bytes: f64| 1e6 / context.limits.cipher_us(bytes);
    let how = "sealing the answer, one core";
    let what = |of: &str, reads: &Reads| {
        format!(
            "{of}, {READERS} clients one query at a time; answers of {:.1} KiB, decoded; server {:.0} µs of CPU each, \
             generator {:.0}",
            reads.bytes / 1024.0,
            reads.server_us,
            reads.generator_us
        )
    };
    let (history, dialogs) = (outcome.history, outcome.dialogs);
    Ok(vec![
        Figure::higher(
            "history_100_per_s",
            history.per_s,
            "1/s",
            &what("messages.getHistory of 100 messages", &history),
        )
        .against(limit(history.bytes), how),
        Figure::higher(
            "dialogs_100_per_s",
            dialogs.per_s,
            "1/s",
            &what("messages.getDialogs of 100 chats", &dialogs),
        )
        .against(limit(dialogs.bytes), how),
    ])
}

/// People with a hundred chats each, of which one is long.
pub async fn prepare(seed: &mut Seed) -> Result<Vec<Person>, String> {
    let readers = seed.people(READERS).await?;
    let friends = seed.people(u32::try_from(CHATS).unwrap_or(0)).await?;
    let mut pairs = Vec::new();
    let mut letters: Vec<(UserId, UserId)> = Vec::new();
    for reader in &readers {
        pairs.extend(friends.iter().map(|friend| (reader.clone(), friend.clone())));
        letters.extend(friends.iter().map(|friend| (friend.id, reader.id)));
        for at in 0..MESSAGES {
            let friend = friends[0].id;
            letters.push(if at % 2 == 0 { (reader.id, friend) } else { (friend, reader.id) });
        }
        // So that the long chat is not always the newest.
        letters.extend(friends.iter().skip(1).map(|friend| (reader.id, friend.id)));
    }
    seed.befriend(&pairs).await?;
    seed.messages(letters.into_iter(), 1000).await?;
    Ok(readers)
}

pub struct Outcome {
    pub history: Reads,
    pub dialogs: Reads,
}

/// One kind of query.
pub struct Reads {
    pub per_s: f64,
    /// Of an answer.
    pub bytes: f64,
    pub server_us: f64,
    pub generator_us: f64,
}

pub fn measure(context: &Context, server: &Process, readers: &[Person]) -> Result<Outcome, String> {
    single()?.block_on(async {
        settle(server.pid(), 10).await;
        let door = Door::new(server)?;
        let mut lines = Vec::new();
        for reader in readers {
            let mut line = door.enter(&reader.identity).await?;
            // The answer is in order of the account's id: the friend with the long chat comes first.
            let peer = longest(&mut line).await?;
            lines.push((line, peer));
        }
        let millis = context.pick(4_000, 400);
        let (lines, history) = together(server, lines, millis, false).await?;
        let (_, dialogs) = together(server, lines, millis, true).await?;
        Ok(Outcome { history, dialogs })
    })
}

async fn longest(line: &mut Line) -> Result<enums::InputPeer, String> {
    for peer in line.friends().await? {
        if history(line, &peer).await.is_ok() {
            return Ok(peer);
        }
    }
    Err("nobody has a chat of 100 messages".to_owned())
}

type Reader = (Line, enums::InputPeer);

async fn together(
    server: &Process,
    lines: Vec<Reader>,
    millis: i64,
    of_dialogs: bool,
) -> Result<(Vec<Reader>, Reads), String> {
    let (count, bytes) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicUsize::new(0)));
    let (begin, before, own) = (crate::system::micros(), Usage::of(server.pid()), Usage::own());
    let end = begin + millis * 1000;
    let tasks: Vec<_> = lines
        .into_iter()
        .map(|(mut line, peer)| {
            let (count, bytes) = (Arc::clone(&count), Arc::clone(&bytes));
            Handle::current().spawn(async move {
                while crate::system::micros() < end {
                    let size = if of_dialogs {
                        dialogs(&mut line).await?
                    } else {
                        history(&mut line, &peer).await?
                    };
                    bytes.fetch_add(size, Ordering::Relaxed);
                    count.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<_, String>((line, peer))
            })
        })
        .collect();
    let mut lines = Vec::new();
    for task in tasks {
        lines.push(task.await.map_err(|why| why.to_string())??);
    }
    let seconds = (crate::system::micros() - begin) as f64 / 1e6;
    let count = count.load(Ordering::Relaxed).max(1) as f64;
    let reads = Reads {
        per_s: count / seconds,
        bytes: bytes.load(Ordering::Relaxed) as f64 / count,
        server_us: Usage::of(server.pid()).since(before).cpu_us as f64 / count,
        generator_us: Usage::own().since(own).cpu_us as f64 / count,
    };
    Ok((lines, reads))
}

async fn history(line: &mut Line, peer: &enums::InputPeer) -> Result<usize, String> {
    let query = functions::messages::GetHistory { peer: peer.clone(), limit: PAGE, ..Default::default() };
    let (answer, bytes) = line.call_sized(&query).await?;
    let found = match answer {
        enums::messages::Messages::Messages(found) => found.messages.len(),
        enums::messages::Messages::Slice(found) => found.messages.len(),
        _ => 0,
    };
    if found == PAGE as usize { Ok(bytes) } else { Err(format!("{found} messages in an answer")) }
}

async fn dialogs(line: &mut Line) -> Result<usize, String> {
    let query = functions::messages::GetDialogs {
        offset_peer: enums::InputPeer::Empty,
        limit: PAGE,
        ..Default::default()
    };
    let (answer, bytes) = line.call_sized(&query).await?;
    let found = match answer {
        enums::messages::Dialogs::Dialogs(found) => found.dialogs.len(),
        enums::messages::Dialogs::Slice(found) => found.dialogs.len(),
        enums::messages::Dialogs::NotModified(_) => 0,
    };
    if found == PAGE as usize { Ok(bytes) } else { Err(format!("{found} chats in an answer")) }
}
