//! A device says goodbye. Everybody keeps the one that they began with.

use tl_api::functions;

use super::expect;
use crate::random::Rng;
use crate::template::PEOPLE;
use crate::world::World;

pub(crate) fn begin(world: &mut World, at: usize, rng: &Rng) {
    let extra: Vec<usize> =
        (PEOPLE..world.devices.len()).filter(|at| world.devices[*at].is_ready()).collect();
    let Some(at) = rng.pick(&extra).copied().or((at >= PEOPLE).then_some(at)) else { return };
    world.model.outs.insert(at);
    world.call(at, &functions::auth::LogOut {}, |world, at, outcome| {
        expect(world, "a log-out", &outcome, &[]);
        if outcome.is_answer() {
            let now = world.now();
            world.devices[at].signed_out_at = Some(now);
            world.retire(at);
        }
    });
}
