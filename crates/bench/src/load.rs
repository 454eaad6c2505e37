//! Pairs of people of whom the first writes to the second, as fast as the server lets them.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mtproto::session::client::ClientEvent;
use tl::Decode;
use tl_api::{enums, functions};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::latencies::Latencies;
use crate::line::{Door, Line, decoded};
use crate::seed::Person;
use crate::system::micros;
use crate::text;

/// How long is waited for messages that were accepted and have not arrived.
const LATE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(5);

/// How much is sent.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Messages that each sender has under way at once.
    pub window: usize,
    /// Sending goes on for so long before anything counts.
    pub warm_millis: u64,
    /// And then for so long.
    pub millis: u64,
    /// Messages of each sender, then it ends in any case.
    pub messages: Option<u64>,
}

/// What arrived in the time that counts.
pub struct Delivered {
    pub latencies: Latencies,
    pub seconds: f64,
    /// Messages of the whole run, those that do not count included.
    pub sent: u64,
}

struct Shared {
    plan: Plan,
    stop: AtomicBool,
    sent: AtomicU64,
    received: AtomicU64,
    /// Microseconds since the epoch between which a message has to arrive to count.
    from: AtomicI64,
    to: AtomicI64,
    latencies: Mutex<Latencies>,
}

impl Shared {
    fn latencies(&self) -> MutexGuard<'_, Latencies> {
        self.latencies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets everybody send. `mark` is called when counting begins and when it ends.
pub async fn run(
    door: &Door,
    pairs: &[(Person, Person)],
    plan: Plan,
    mut mark: impl FnMut(),
) -> Result<Delivered, String> {
    let shared = Arc::new(Shared {
        plan,
        stop: AtomicBool::new(false),
        sent: AtomicU64::new(0),
        received: AtomicU64::new(0),
        from: AtomicI64::new(i64::MAX),
        to: AtomicI64::new(i64::MAX),
        latencies: Mutex::default(),
    });
    let mut lines = Vec::new();
    for (sender, receiver) in pairs {
        let mut sender = door.enter(&sender.identity).await?;
        let peer = sender.partner().await?;
        lines.push((sender, peer, door.enter(&receiver.identity).await?));
    }
    let mut senders: Vec<JoinHandle<Result<(), String>>> = Vec::new();
    let mut receivers = Vec::new();
    for (sender, peer, receiver) in lines {
        receivers.push(Handle::current().spawn(receive(receiver, Arc::clone(&shared))));
        senders.push(Handle::current().spawn(send(sender, peer, Arc::clone(&shared))));
    }
    tokio::time::sleep(Duration::from_millis(plan.warm_millis)).await;
    mark();
    let from = micros();
    shared.from.store(from, Ordering::Relaxed);
    if plan.messages.is_some() {
        while !senders.iter().all(JoinHandle::is_finished) {
            tokio::time::sleep(PAUSE).await;
        }
    } else {
        tokio::time::sleep(Duration::from_millis(plan.millis)).await;
        shared.to.store(micros(), Ordering::Relaxed);
        mark();
        shared.stop.store(true, Ordering::Relaxed);
    }
    for sender in senders {
        sender.await.map_err(|why| why.to_string())??;
    }
    let everything = async {
        while shared.received.load(Ordering::Relaxed) < shared.sent.load(Ordering::Relaxed)
            && !receivers.iter().any(JoinHandle::is_finished)
        {
            tokio::time::sleep(PAUSE).await;
        }
    };
    let arrived = tokio::time::timeout(LATE, everything).await.is_ok();
    if plan.messages.is_some() {
        shared.to.store(micros(), Ordering::Relaxed);
        mark();
    }
    for receiver in receivers {
        if receiver.is_finished() {
            receiver.await.map_err(|why| why.to_string())??;
        } else {
            receiver.abort();
        }
    }
    let (sent, received) = (shared.sent.load(Ordering::Relaxed), shared.received.load(Ordering::Relaxed));
    if !arrived || sent != received {
        return Err(format!("{sent} messages were accepted, {received} arrived"));
    }
    let seconds = (shared.to.load(Ordering::Relaxed) - from) as f64 / 1e6;
    let latencies = std::mem::take(&mut *shared.latencies());
    Ok(Delivered { latencies, seconds, sent })
}

async fn send(mut line: Line, peer: enums::InputPeer, shared: Arc<Shared>) -> Result<(), String> {
    let (mut waiting, mut begun) = (BTreeSet::new(), 0);
    let is_over = |begun: u64| {
        shared.stop.load(Ordering::Relaxed) || shared.plan.messages.is_some_and(|messages| begun >= messages)
    };
    loop {
        while waiting.len() < shared.plan.window && !is_over(begun) {
            let query = functions::messages::SendMessage {
                peer: peer.clone(),
                message: text::of(micros().unsigned_abs()),
                random_id: line.random.i64(),
                ..Default::default()
            };
            waiting.insert(line.ask(&query)?);
            begun += 1;
        }
        if waiting.is_empty() {
            return Ok(());
        }
        line.step().await?;
        while let Some(event) = line.event() {
            match event {
                ClientEvent::Answer { request, body } => {
                    decoded::<enums::Updates>(&body)?;
                    waiting.remove(&request);
                    shared.sent.fetch_add(1, Ordering::Relaxed);
                }
                ClientEvent::Refused { code, .. } => return Err(format!("a message was refused: {code}")),
                _ => {}
            }
        }
    }
}

async fn receive(mut line: Line, shared: Arc<Shared>) -> Result<(), String> {
    loop {
        line.step().await?;
        let now = micros();
        while let Some(event) = line.event() {
            if let ClientEvent::Push { body } = event {
                take(&body, now, &shared)?;
            }
        }
    }
}

fn take(push: &[u8], now: i64, shared: &Shared) -> Result<(), String> {
    let enums::Updates::Updates(updates) = enums::Updates::from_bytes(push).map_err(|why| why.to_string())?
    else {
        return Ok(());
    };
    let counts = (shared.from.load(Ordering::Relaxed)..shared.to.load(Ordering::Relaxed)).contains(&now);
    for update in &updates.updates {
        let enums::Update::NewMessage(update) = update else { continue };
        let enums::Message::Message(message) = &update.message else { continue };
        let sent = text::number(&message.message).ok_or("a message came with another text")?;
        shared.received.fetch_add(1, Ordering::Relaxed);
        if counts {
            shared.latencies().add(now - sent.cast_signed());
        }
    }
    Ok(())
}
