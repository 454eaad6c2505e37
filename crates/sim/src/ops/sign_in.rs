//! Another device of somebody, with a code.

use grammers_tl_types::enums;
use tl_api::functions;

use super::expect;
use crate::device::{Outcome, Presence};
use crate::random::Rng;
use crate::world::World;

/// Devices of one person at a time.
const DEVICES_MAX: usize = 3;

pub(crate) fn begin(world: &mut World, at: usize, _: &Rng) {
    let person = world.devices[at].person;
    let others =
        world.devices.iter().filter(|device| device.person == person && device.presence != Presence::Gone);
    if others.count() >= DEVICES_MAX {
        return;
    }
    let at = world.new_device(person);
    if world.model.kicks.get(&person).is_some_and(|open| *open > 0) {
        world.model.outs.insert(at);
    }
    let phone_number = world.model.people[person].phone.clone();
    let request = functions::auth::SendCode { phone_number, ..Default::default() };
    world.call(at, &request, |world, at, outcome| {
        expect(world, "a code", &outcome, &["PHONE_NUMBER_FLOOD"]);
        if let Some(hash) = code_hash(world, at, outcome) {
            // To the console, where the simulation can read it.
            let phone_number = world.model.people[world.devices[at].person].phone.clone();
            let request =
                functions::auth::ResendCode { phone_number, phone_code_hash: hash, ..Default::default() };
            world.call(at, &request, |world, at, outcome| {
                expect(world, "a code", &outcome, &["PHONE_CODE_", "SEND_CODE_UNAVAILABLE"]);
                if let Some(hash) = code_hash(world, at, outcome) {
                    enter(world, at, hash);
                }
            });
        }
    });
}

fn code_hash(world: &mut World, at: usize, outcome: Outcome) -> Option<String> {
    if !outcome.is_answer() {
        world.retire(at);
        return None;
    }
    match world.answer::<enums::auth::SentCode>("a code", outcome)? {
        enums::auth::SentCode::Code(sent) => Some(sent.phone_code_hash),
        _ => {
            world.fail("signed in without a code");
            None
        }
    }
}

fn enter(world: &mut World, at: usize, phone_code_hash: String) {
    let phone_number = world.model.people[world.devices[at].person].phone.clone();
    let phone_code = world.server.codes.last(&phone_number);
    let request = functions::auth::SignIn { phone_number, phone_code_hash, phone_code, ..Default::default() };
    world.call(at, &request, |world, at, outcome| {
        // Two who sign in at once share a number and take each other's code.
        expect(world, "a sign-in", &outcome, &["PHONE_CODE_"]);
        if !outcome.is_answer() {
            return world.retire(at);
        }
        match world.answer::<enums::auth::Authorization>("a sign-in", outcome) {
            Some(enums::auth::Authorization::Authorization(_)) => {
                world.devices[at].signed_in = true;
                world.load(at);
            }
            _ => world.fail("a sign-in that is none"),
        }
    });
}
