//! A device is switched off, or on again.

use crate::device::Presence;
use crate::random::Rng;
use crate::world::World;

pub(crate) fn begin(world: &mut World, at: usize, rng: &Rng) {
    match world.devices[at].presence {
        Presence::Offline => {
            let now = world.now();
            world.devices[at].presence = Presence::Online;
            world.devices[at].reconnect_at = now;
        }
        // Most of the time there is to be somebody there.
        Presence::Online if rng.chance(500) => {
            world.hang_up(at);
            world.devices[at].presence = Presence::Offline;
        }
        Presence::Online | Presence::Gone => {}
    }
}
