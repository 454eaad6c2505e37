//! A device is signed out from another one. Everybody keeps the one that they began with.

use tl_api::functions;

use super::expect;
use crate::device::Presence;
use crate::random::Rng;
use crate::template::PEOPLE;
use crate::world::World;

pub(crate) fn begin(world: &mut World, at: usize, _: &Rng) {
    let person = world.devices[at].person;
    // The first device of each person has been there for hours, as the method wants it.
    let first = person;
    let is_other = |other: &usize| {
        let device = &world.devices[*other];
        device.person == person && device.signed_in && device.presence != Presence::Gone
    };
    let others: Vec<usize> = (PEOPLE..world.devices.len()).filter(is_other).collect();
    if others.is_empty() || !world.devices[first].is_ready() {
        return;
    }
    // Whoever signs in meanwhile is met by it too.
    world.model.outs.extend(PEOPLE..world.devices.len());
    *world.model.kicks.entry(person).or_default() += 1;
    world.call(first, &functions::auth::ResetAuthorizations {}, move |world, _, outcome| {
        expect(world, "signing others out", &outcome, &["FRESH_RESET_AUTHORISATION_FORBIDDEN"]);
        if (outcome.is_answer() || outcome.is_refused())
            && let Some(open) = world.model.kicks.get_mut(&person)
        {
            *open -= 1;
        }
        if outcome.is_answer() {
            let now = world.now();
            for other in others {
                world.devices[other].signed_out_at.get_or_insert(now);
            }
        }
    });
}
