//! What people do, one operation a file.
//!
//! An operation chooses, asks through [`World::call`], notes in the model what it tries, and in the
//! closure what came of it. To add one: a file and a line in [`TABLE`].

mod block;
mod clear;
mod contact;
mod delete;
mod draft;
mod edit;
mod forward;
mod kick;
mod log_out;
mod mark;
mod pin;
mod presence;
mod privacy;
mod react;
mod read;
mod rename;
mod restart;
mod schedule;
mod search;
mod send;
mod sign_in;
mod switch;
mod typing;
mod unschedule;

use grammers_tl_types::{enums, types};

use crate::device::Outcome;
use crate::mirror::user_of;
use crate::random::Rng;
use crate::world::World;

/// One thing that people do.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    /// How often it is chosen, beside the others.
    pub(crate) weight: u64,
    /// Any device can do it, also one that is off.
    pub(crate) anybody: bool,
    pub(crate) begin: fn(&mut World, usize, &Rng),
}

const fn of(name: &'static str, weight: u64, begin: fn(&mut World, usize, &Rng)) -> Operation {
    Operation { name, weight, anybody: false, begin }
}

/// All operations, in the order of the alphabet.
pub(crate) const TABLE: &[Operation] = &[
    of("block", 20, block::begin),
    of("clear", 8, clear::begin),
    of("contact", 30, contact::begin),
    of("delete", 60, delete::begin),
    of("draft", 30, draft::begin),
    of("edit", 90, edit::begin),
    of("forward", 50, forward::begin),
    of("kick", 8, kick::begin),
    of("log out", 8, log_out::begin),
    of("mark", 20, mark::begin),
    of("pin", 40, pin::begin),
    of("presence", 30, presence::begin),
    of("privacy", 30, privacy::begin),
    of("react", 50, react::begin),
    of("read", 90, read::begin),
    of("rename", 20, rename::begin),
    Operation { name: "restart", weight: 15, anybody: true, begin: restart::begin },
    of("schedule", 30, schedule::begin),
    of("search", 40, search::begin),
    of("send", 300, send::begin),
    of("sign in", 20, sign_in::begin),
    Operation { name: "switch", weight: 50, anybody: true, begin: switch::begin },
    of("typing", 30, typing::begin),
    of("unschedule", 15, unschedule::begin),
];

/// The place of an operation in the table.
pub(crate) fn choose(rng: &Rng) -> usize {
    let mut left = rng.below(TABLE.iter().map(|operation| operation.weight).sum());
    for (at, operation) in TABLE.iter().enumerate() {
        if left < operation.weight {
            return at;
        }
        left -= operation.weight;
    }
    0
}

/// Somebody to write to: now and then oneself.
fn somebody(world: &World, at: usize, rng: &Rng) -> usize {
    let me = world.devices[at].person;
    if rng.chance(60) { me } else { somebody_else(world, at, rng) }
}

fn somebody_else(world: &World, at: usize, rng: &Rng) -> usize {
    let me = world.devices[at].person;
    let others: Vec<usize> = (0..world.model.people.len()).filter(|other| *other != me).collect();
    rng.pick(&others).copied().unwrap_or(me)
}

/// A message that the device knows, from a chat with one of the people.
fn known(
    world: &World,
    at: usize,
    rng: &Rng,
    fits: impl Fn(&types::Message) -> bool,
) -> Option<(usize, types::Message)> {
    let messages: Vec<(usize, &types::Message)> = world.devices[at]
        .mirror
        .messages
        .values()
        .filter_map(|message| match message {
            enums::Message::Message(message) => {
                let with = world.model.person_of(user_of(&message.peer_id))?;
                fits(message).then_some((with, message))
            }
            _ => None,
        })
        .collect();
    rng.pick(&messages).map(|(with, message)| (*with, (*message).clone()))
}

/// What any write may be refused with, because others act at the same time.
const ALWAYS: &[&str] = &["FLOOD_WAIT_", "AUTH_KEY_UNREGISTERED"];

/// Fails the run when the server said no for a reason that nobody gave it.
fn expect(world: &mut World, what: &str, outcome: &Outcome, allowed: &[&str]) {
    if let Outcome::Refused { text, .. } = outcome
        && !ALWAYS.iter().chain(allowed).any(|known| text.starts_with(known))
    {
        world.fail(format!("{what} was refused with {text}"));
    }
}

fn random_id(rng: &Rng) -> i64 {
    rng.u64().cast_signed() | 1
}

/// The seconds of the present time, as dates on the wire are.
fn wire_now(world: &World) -> i32 {
    i32::try_from(world.now() / 1000).unwrap_or(i32::MAX)
}
