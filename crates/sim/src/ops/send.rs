//! A text to somebody, now and then as an answer.

use tl_api::{functions, types};

use super::{expect, known, random_id, somebody};
use crate::device::Outcome;
use crate::model::State;
use crate::random::Rng;
use crate::world::World;

pub(crate) fn begin(world: &mut World, at: usize, rng: &Rng) {
    let (from, to) = (world.devices[at].person, somebody(world, at, rng));
    let reply_to = if rng.chance(150) { known(world, at, rng, |_| true) } else { None };
    let reply_to = reply_to.filter(|(with, _)| *with == to).map(|(_, message)| {
        types::InputReplyToMessage { reply_to_msg_id: message.id, ..Default::default() }.into()
    });
    let (letter, message) = world.model.write(from, to, None);
    let request = functions::messages::SendMessage {
        peer: world.model.peer(from, to),
        message,
        random_id: random_id(rng),
        reply_to,
        silent: rng.chance(100),
        ..Default::default()
    };
    world.call(at, &request, move |world, at, outcome| sent(world, at, letter, &outcome));
}

pub(super) fn sent(world: &mut World, at: usize, letter: usize, outcome: &Outcome) {
    expect(world, "a send", outcome, &["USER_IS_BLOCKED", "YOU_BLOCKED_USER", "REPLY_MESSAGE_ID_INVALID"]);
    world.hear_answer(at, outcome);
    let now = world.now();
    let letter = &mut world.model.letters[letter];
    if outcome.is_answer() {
        letter.state = State::Done(now);
    } else if outcome.is_refused() {
        letter.state = State::Refused;
    }
}
