//! Another first name.

use tl_api::functions;

use super::expect;
use crate::random::Rng;
use crate::world::World;

pub(crate) fn begin(world: &mut World, at: usize, _: &Rng) {
    let (me, now) = (world.devices[at].person, world.now());
    let name = format!("Name{me}x{}", world.model.number());
    let write = world.model.people[me].name.begin(now, name.clone());
    let request = functions::account::UpdateProfile { first_name: Some(name), ..Default::default() };
    world.call(at, &request, move |world, _, outcome| {
        expect(world, "a name", &outcome, &[]);
        let now = world.now();
        let register = &mut world.model.people[me].name;
        if outcome.is_answer() {
            register.done(write, now);
        } else if outcome.is_refused() {
            register.refused(write);
        }
    });
}
