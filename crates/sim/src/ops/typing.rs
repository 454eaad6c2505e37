//! Somebody is typing.

use tl_api::{enums, functions};

use super::{expect, somebody_else};
use crate::random::Rng;
use crate::world::World;

pub(crate) fn begin(world: &mut World, at: usize, rng: &Rng) {
    let (me, with) = (world.devices[at].person, somebody_else(world, at, rng));
    let request = functions::messages::SetTyping {
        peer: world.model.peer(me, with),
        action: enums::SendMessageAction::SendMessageTypingAction,
        ..Default::default()
    };
    world.call(at, &request, |world, _, outcome| {
        expect(world, "typing", &outcome, &["USER_IS_BLOCKED", "YOU_BLOCKED_USER"]);
    });
}
