//! Pairs of people who write to each other through a server process of their own, over the real protocol.
//!
//! A message counts when the partner's client has it; the server acknowledges it when it is durable.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bench::server::Server;
use bench::system;
use bench::world::World;
use clap::Parser;
use client::Client;
use tl::Decode;
use tl_api::{enums, functions, types};
use tokio::runtime::Handle;

#[derive(Parser)]
struct Args {
    /// The server's binary.
    #[arg(long, default_value = "target/release/chatters")]
    server: std::path::PathBuf,
    /// A PostgreSQL URL; SQLite without.
    #[arg(long)]
    database: Option<String>,
    /// Pairs of people; each person has a connection.
    #[arg(long, default_value_t = 20)]
    pairs: usize,
    /// Messages that each sender has under way at once.
    #[arg(long, default_value_t = 16)]
    window: usize,
    /// Messages of each sender.
    #[arg(long, default_value_t = 1000)]
    messages: usize,
}

fn main() -> Result<(), String> {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|why| format!("the runtime: {why}"))?;
    runtime.block_on(run(&args))
}

async fn run(args: &Args) -> Result<(), String> {
    let server = Server::start(&args.server, args.database.as_deref())?;
    let world = Arc::new(World::new(server));
    let mut pairs = Vec::new();
    for number in 0..args.pairs {
        pairs.push(Pair::sign_up(&world, number).await?);
    }
    let started = world.clock.now();
    let runs = pairs.into_iter().map(|pair| {
        let (world, window, messages) = (Arc::clone(&world), args.window, args.messages);
        Handle::current().spawn(async move { pair.run(&world, window, messages).await })
    });
    let runs = runs.collect::<Vec<_>>();
    let mut latencies = Vec::new();
    for run in runs {
        latencies.extend(run.await.map_err(|why| why.to_string())??);
    }
    let seconds = (world.clock.now().0 - started.0) as f64 / 1000.0;
    report(args, &mut latencies, seconds);
    Ok(())
}

fn report(args: &Args, latencies: &mut [i64], seconds: f64) {
    latencies.sort_unstable();
    let at = |share: f64| {
        let index = ((latencies.len() as f64 - 1.0) * share) as usize;
        latencies.get(index).copied().unwrap_or_default() as f64 / 1000.0
    };
    let engine = if args.database.is_some() { "postgres" } else { "sqlite" };
    println!(
        "{}",
        serde_json::json!({
            "engine": engine,
            "pairs": args.pairs,
            "window": args.window,
            "delivered": latencies.len(),
            "seconds": seconds,
            "delivered_per_s": (latencies.len() as f64 / seconds).round(),
            "p50_ms": at(0.5),
            "p99_ms": at(0.99),
            "max_ms": at(1.0),
        })
    );
}

/// Two people; the first writes to the second.
struct Pair {
    sender: Client,
    receiver: Client,
    peer: enums::InputPeer,
}

impl Pair {
    async fn sign_up(world: &World, number: usize) -> Result<Self, String> {
        let phones = [format!("+1555010{number:04}"), format!("+1555020{number:04}")];
        let sender = world.sign_up(&phones[0]).await?;
        let receiver = world.sign_up(&phones[1]).await?;
        let contact = types::InputPhoneContact {
            phone: phones[1].clone(),
            first_name: "Partner".to_owned(),
            ..Default::default()
        };
        let request = functions::contacts::ImportContacts { contacts: vec![contact] };
        let found = sender.invoke(&request).await.map_err(|why| why.to_string())?;
        let partner = found.imported.first().map(|found| found.user_id).ok_or("the partner was not found")?;
        let access_hash = found.users.iter().find_map(|user| match user {
            enums::User::User(user) if user.id == partner => user.access_hash,
            _ => None,
        });
        let peer = types::InputPeerUser { user_id: partner, access_hash: access_hash.unwrap_or_default() };
        Ok(Self { sender, receiver, peer: peer.into() })
    }

    /// Sends everything; gives the times from send to receive in microseconds.
    async fn run(self, world: &Arc<World>, window: usize, messages: usize) -> Result<Vec<i64>, String> {
        let next = Arc::new(AtomicUsize::new(0));
        let mut senders = Vec::new();
        for _ in 0..window {
            let (sender, peer, next) = (self.sender.clone(), self.peer.clone(), Arc::clone(&next));
            let world = Arc::clone(world);
            senders.push(Handle::current().spawn(async move {
                while next.fetch_add(1, Ordering::Relaxed) < messages {
                    send(&world, &sender, &peer).await?;
                }
                Ok::<(), String>(())
            }));
        }
        let mut latencies = Vec::with_capacity(messages);
        while latencies.len() < messages {
            let push = self.receiver.push().await.ok_or("the receiver's connection ended")?;
            receive(&push, system::micros(), &mut latencies);
        }
        for sender in senders {
            sender.await.map_err(|why| why.to_string())??;
        }
        Ok(latencies)
    }
}

/// A text of 100 bytes that begins with the time.
async fn send(world: &World, sender: &Client, peer: &enums::InputPeer) -> Result<(), String> {
    let request = functions::messages::SendMessage {
        peer: peer.clone(),
        message: format!("{:<99}.", system::micros()),
        random_id: world.random.i64(),
        ..Default::default()
    };
    sender.invoke(&request).await.map(drop).map_err(|why| why.to_string())
}

fn receive(push: &[u8], now: i64, latencies: &mut Vec<i64>) {
    let Ok(enums::Updates::Updates(updates)) = enums::Updates::from_bytes(push) else { return };
    for update in &updates.updates {
        if let enums::Update::NewMessage(update) = update
            && let enums::Message::Message(message) = &update.message
            && let Some(sent) = message.message.split(' ').next().and_then(|at| at.parse::<i64>().ok())
        {
            latencies.push(now - sent);
        }
    }
}
