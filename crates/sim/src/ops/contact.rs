//! A contact more, with the number or without; or one less.

use grammers_tl_types::enums;
use tl_api::{functions, types};

use super::{expect, somebody_else};
use crate::device::Outcome;
use crate::random::Rng;
use crate::world::World;

pub(crate) fn begin(world: &mut World, at: usize, rng: &Rng) {
    let (me, other) = (world.devices[at].person, somebody_else(world, at, rng));
    let now = world.now();
    if rng.chance(350) {
        let write = world.model.saved(me, other).begin(now, None);
        let request = functions::contacts::DeleteContacts { id: vec![world.model.user(me, other).into()] };
        return world
            .call(at, &request, move |world, at, outcome| done(world, at, (me, other), write, &outcome));
    }
    let number = world.model.number();
    let first_name = format!("Saved{number}by{me}");
    let write = world.model.saved(me, other).begin(now, Some(first_name.clone()));
    if rng.chance(400) {
        world.model.knows_number.insert((me, other));
        let phone = world.model.people[other].phone.clone();
        let contact = types::InputPhoneContact { phone, first_name, ..Default::default() };
        let request = functions::contacts::ImportContacts { contacts: vec![contact] };
        return world.call(at, &request, move |world, at, outcome| {
            expect(world, "an import", &outcome, &[]);
            ended(world, (me, other), write, &outcome);
            let found = world.answer::<enums::contacts::ImportedContacts>("an import", outcome);
            if let Some(enums::contacts::ImportedContacts::Contacts(found)) = found {
                world.look(at, &found.users);
            }
        });
    }
    let request = functions::contacts::AddContact {
        id: world.model.user(me, other).into(),
        first_name,
        ..Default::default()
    };
    world.call(at, &request, move |world, at, outcome| done(world, at, (me, other), write, &outcome));
}

fn done(world: &mut World, at: usize, pair: (usize, usize), write: usize, outcome: &Outcome) {
    expect(world, "a contact", outcome, &["CONTACT_ID_INVALID"]);
    ended(world, pair, write, outcome);
    world.hear_answer(at, outcome);
}

fn ended(world: &mut World, (me, other): (usize, usize), write: usize, outcome: &Outcome) {
    let now = world.now();
    let saved = world.model.saved(me, other);
    if outcome.is_answer() {
        saved.done(write, now);
    } else if outcome.is_refused() {
        saved.refused(write);
    }
}
