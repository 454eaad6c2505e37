//! Who may see a phone number, or the time last online.

use grammers_tl_types::enums::account::PrivacyRules;
use tl_api::{enums, functions};

use super::expect;
use crate::model::{Audience, Person};
use crate::random::Rng;
use crate::register::Register;
use crate::world::World;

const AUDIENCES: &[Audience] = &[Audience::Everybody, Audience::Contacts, Audience::Nobody];

pub(crate) fn begin(world: &mut World, at: usize, rng: &Rng) {
    let (me, now) = (world.devices[at].person, world.now());
    let audience = *rng.pick(AUDIENCES).unwrap_or(&Audience::Nobody);
    let is_phone = rng.chance(500);
    let write = rule(&mut world.model.people[me], is_phone).begin(now, audience);
    let value = match audience {
        Audience::Everybody => enums::InputPrivacyRule::InputPrivacyValueAllowAll,
        Audience::Contacts => enums::InputPrivacyRule::InputPrivacyValueAllowContacts,
        Audience::Nobody => enums::InputPrivacyRule::InputPrivacyValueDisallowAll,
    };
    let key =
        if is_phone { enums::InputPrivacyKey::PhoneNumber } else { enums::InputPrivacyKey::StatusTimestamp };
    let request = functions::account::SetPrivacy { key, rules: vec![value] };
    world.call(at, &request, move |world, at, outcome| {
        expect(world, "a privacy rule", &outcome, &[]);
        let now = world.now();
        let rule = rule(&mut world.model.people[me], is_phone);
        if outcome.is_answer() {
            rule.done(write, now);
        } else if outcome.is_refused() {
            rule.refused(write);
        }
        if let Some(PrivacyRules::Rules(rules)) = world.answer::<PrivacyRules>("a privacy rule", outcome) {
            world.look(at, &rules.users);
        }
    });
}

fn rule(person: &mut Person, is_phone: bool) -> &mut Register<Audience> {
    if is_phone { &mut person.phone_rule } else { &mut person.seen_rule }
}
