//! An app is closed and opened again.

use crate::device::Presence;
use crate::random::Rng;
use crate::world::World;

pub(crate) fn begin(world: &mut World, at: usize, _: &Rng) {
    if world.devices[at].presence == Presence::Online && world.devices[at].signed_in {
        world.restart_app(at);
    }
}
