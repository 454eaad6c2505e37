//! A text for later.

use tl_api::functions;

use super::{random_id, send, somebody, wire_now};
use crate::random::Rng;
use crate::world::World;

pub(crate) fn begin(world: &mut World, at: usize, rng: &Rng) {
    let (from, to) = (world.devices[at].person, somebody(world, at, rng));
    let seconds = 12 + i32::try_from(rng.below(15)).unwrap_or(0);
    let due = world.now() + i64::from(seconds) * 1000;
    let (letter, message) = world.model.write(from, to, Some(due));
    let request = functions::messages::SendMessage {
        peer: world.model.peer(from, to),
        message,
        random_id: random_id(rng),
        schedule_date: Some(wire_now(world) + seconds),
        ..Default::default()
    };
    world.call(at, &request, move |world, at, outcome| send::sent(world, at, letter, &outcome));
}
