//! Somebody looks at their device, or away from it.

use tl_api::functions;

use super::expect;
use crate::random::Rng;
use crate::world::World;

pub(crate) fn begin(world: &mut World, at: usize, rng: &Rng) {
    let request = functions::account::UpdateStatus { offline: rng.chance(300) };
    world.call(at, &request, |world, _, outcome| expect(world, "a status", &outcome, &[]));
}
