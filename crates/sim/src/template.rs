//! The disk that every seed begins with: a few people, each with one device. Made once a process.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use domain::testing::{ManualClock, SeededRandom};
use domain::{Clock, Time};
use grammers_tl_types::{Deserializable, enums};
use mtproto::AuthKey;
use rpc::boundary::{KeyKind, KeyRecord};
use tempfile::TempDir;
use tl::Encode as _;
use tl_api::{Method, functions};

use crate::device::LAYER;
use crate::random::Rng;
use crate::server::Server;

/// How many people there are.
pub const PEOPLE: usize = 3;
/// 2026-01-01 00:00:00 UTC.
const BEGINNING: i64 = 1_767_225_600_000;
/// Flood limits of the sign-ups are over by then.
const PAUSE: i64 = 2 * 3_600_000;
/// A session of the template's own.
const SESSION: i64 = 77;

/// Somebody, as made.
pub struct Made {
    pub id: i64,
    pub phone: String,
    pub name: String,
    pub key: KeyRecord,
}

pub struct Template {
    /// When seeds begin, in milliseconds.
    pub now: i64,
    pub people: Vec<Made>,
    /// How each may address each.
    pub hashes: BTreeMap<(usize, usize), i64>,
    disk: TempDir,
}

impl Template {
    /// # Panics
    /// When the server does not let people sign up.
    pub fn make() -> Self {
        let clock = Arc::new(ManualClock::new(Time(BEGINNING)));
        let rng = Rng::new(1);
        let mut server = Server::fresh(clock.clone(), Arc::new(SeededRandom::new(2)), &rng);
        let people: Vec<Made> = (0..PEOPLE).map(|at| sign_up(&mut server, &clock, &rng, at)).collect();
        let mut hashes = BTreeMap::new();
        for (viewer, made) in people.iter().enumerate() {
            for (other, known) in people.iter().enumerate().filter(|(other, _)| *other != viewer) {
                let request =
                    functions::contacts::ResolveUsername { username: username(other), ..Default::default() };
                let found: enums::contacts::ResolvedPeer = ask(&mut server, &made.key, &request, &rng);
                let enums::contacts::ResolvedPeer::Peer(found) = found;
                let hash = found.users.iter().find_map(|user| match user {
                    enums::User::User(user) if user.id == known.id => user.access_hash,
                    _ => None,
                });
                hashes.insert((viewer, other), hash.expect("the person is found"));
            }
        }
        Self { now: BEGINNING + PAUSE, people, hashes, disk: server.stop() }
    }

    pub fn disk(&self) -> &Path {
        self.disk.path()
    }
}

fn username(at: usize) -> String {
    format!("person_{at}")
}

fn sign_up(server: &mut Server, clock: &ManualClock, rng: &Rng, at: usize) -> Made {
    let mut bytes = [7; 256];
    rng.fill(&mut bytes);
    let key = KeyRecord {
        id: AuthKey::new(&bytes).id(),
        key: Box::new(bytes),
        kind: KeyKind::Permanent,
        dc: 2,
        initial_salt: 1,
        created_at: clock.now(),
        has_user: false,
    };
    assert!(server.create_key(key.clone(), rng), "the key is kept");
    let (phone, name) = (format!("1555010000{}", at + 1), format!("Name{at}"));
    let request = functions::auth::SendCode { phone_number: phone.clone(), ..Default::default() };
    let sent: enums::auth::SentCode = ask(server, &key, &request, rng);
    let enums::auth::SentCode::Code(sent) = sent else { panic!("signed in without a code") };
    let sign_in = functions::auth::SignIn {
        phone_number: phone.clone(),
        phone_code_hash: sent.phone_code_hash.clone(),
        phone_code: server.codes.last(&phone),
        ..Default::default()
    };
    let _: enums::auth::Authorization = ask(server, &key, &sign_in, rng);
    let sign_up = functions::auth::SignUp {
        phone_number: phone.clone(),
        phone_code_hash: sent.phone_code_hash,
        first_name: name.clone(),
        ..Default::default()
    };
    let made: enums::auth::Authorization = ask(server, &key, &sign_up, rng);
    let enums::auth::Authorization::Authorization(made) = made else { panic!("not signed up") };
    let rename = functions::account::UpdateUsername { username: username(at) };
    let _: enums::User = ask(server, &key, &rename, rng);
    Made { id: made.user.id(), phone, name, key }
}

/// # Panics
/// When the answer is an error.
fn ask<M: Method, T: Deserializable>(server: &mut Server, key: &KeyRecord, request: &M, rng: &Rng) -> T {
    let query = request.to_bytes(LAYER).expect("the method is in the layer");
    let query = functions::InvokeWithoutUpdates { query }.to_bytes(LAYER).expect("in every layer");
    let query = functions::InvokeWithLayer { layer: LAYER, query }.to_bytes(LAYER).expect("in every layer");
    let body = server.ask(key, SESSION, query, rng);
    T::from_bytes(&body).unwrap_or_else(|_| {
        panic!("{}: {}", M::NAME, String::from_utf8_lossy(&body));
    })
}
