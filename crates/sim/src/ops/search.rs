//! A word is looked for in a chat: what is there is found, and what is gone or says something else is not.

use grammers_tl_types::enums;
use tl_api::functions;

use super::{expect, somebody};
use crate::calls::listed;
use crate::device::Outcome;
use crate::mirror::user_of;
use crate::model::{Letter, State, letter_of};
use crate::random::Rng;
use crate::world::World;

pub(crate) fn begin(world: &mut World, at: usize, rng: &Rng) {
    let (me, with) = (world.devices[at].person, somebody(world, at, rng));
    let ours = |letter: &Letter| [(me, with), (with, me)].contains(&(letter.from, letter.to));
    let letters: Vec<usize> =
        world.model.letters.iter().enumerate().filter(|(_, letter)| ours(letter)).map(|(at, _)| at).collect();
    let Some(letter) = rng.pick(&letters).copied() else { return };
    let request = functions::messages::Search {
        peer: world.model.peer(me, with),
        // A word that is ended by a space is not the beginning of another one.
        q: format!("m{letter} "),
        limit: 100,
        ..Default::default()
    };
    world.call(at, &request, move |world, at, outcome| {
        expect(world, "a search", &outcome, &[]);
        let Outcome::Answer(body) = &outcome else { return };
        let Some(answer) = world.read::<enums::messages::Messages>("what was found", body) else { return };
        let (messages, users) = listed(answer);
        world.look(at, &users);
        check(world, me, with, letter, &messages);
    });
}

/// Between the question and now the server may have looked at any time.
fn check(world: &mut World, me: usize, with: usize, number: usize, found: &[enums::Message]) {
    let (asked, now) = (world.asked_at, world.now());
    let (letter, peer) = (&world.model.letters[number], world.model.people[with].id);
    let mut wrong = Vec::new();
    let mut is_found = false;
    for message in found {
        let enums::Message::Message(message) = message else { continue };
        if user_of(&message.peer_id) != peer {
            wrong.push(format!("a message of the chat with {}", user_of(&message.peer_id)));
        }
        if letter_of(&message.message) != Some(number) {
            wrong.push(format!("{:?} has not the word m{number}", message.message));
        }
        // A copy that was passed on keeps the words that it had.
        if message.fwd_from.is_some() {
            continue;
        }
        is_found = true;
        if !letter.text.possible(asked, now).any(|text| *text == message.message) {
            wrong.push(format!("{:?}, which it does not say any more", message.message));
        }
    }
    let is_before = |state: State| matches!(state, State::Done(done) if done < asked);
    let is_gone = letter.removals.iter().enumerate().any(|(at, removal)| {
        is_before(removal.state) && (removal.by == me || removal.both && world.model.had_copy(letter, at))
    });
    let may_be_gone = letter.removals.iter().any(|one| one.covers(me) && one.state != State::Refused)
        || world.model.may_be_cleared(letter, me);
    if is_found && is_gone {
        wrong.push(format!("m{number}, which was deleted"));
    }
    // What waits to be sent is in no chat yet.
    if !is_found && !may_be_gone && letter.due.is_none() && is_before(letter.state) {
        wrong.push(format!("nothing, and m{number} is there"));
    }
    if !wrong.is_empty() {
        world.fail(format!("person {me} looks for m{number} and finds {}", wrong.join("; ")));
    }
}
