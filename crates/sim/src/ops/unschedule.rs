//! A text for later that is taken back.

use tl_api::functions;

use super::expect;
use crate::mirror::{peer_of, text};
use crate::model::State;
use crate::random::Rng;
use crate::world::World;

pub(crate) fn begin(world: &mut World, at: usize, rng: &Rng) {
    let waiting: Vec<_> = world.devices[at].mirror.scheduled.values().cloned().collect();
    let Some(message) = rng.pick(&waiting) else { return };
    let me = world.devices[at].person;
    let Some(with) = world.model.person_of(peer_of(message)) else { return };
    // Whether it comes in time, nobody can tell.
    if let Some(removal) = world.model.remove(text(message), me, true) {
        world.model.removed(&[removal], State::Open);
    }
    let request = functions::messages::DeleteScheduledMessages {
        peer: world.model.peer(me, with),
        id: vec![message.id()],
    };
    world.call(at, &request, |world, at, outcome| {
        expect(world, "taking back", &outcome, &["MESSAGE_ID_INVALID"]);
        world.hear_answer(at, &outcome);
    });
}
