//! People who plant canaries: texts, numbers and secrets that nothing but this test has.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use client::{Client, ClientError, Config, Identity, Tcp};
use domain::{Clock, Random, SharedRandom, Time};
use mtproto::transport::Framing;
use tl::{Decode, Encode};
use tl_api::{Method, NEWEST_LAYER, enums, functions, types};

use super::search::{Planted, Search};
use super::server::Server;

/// The last text of a place, and whether one of its texts was sent.
#[derive(Default)]
struct Place {
    text: Vec<u8>,
    sent: bool,
}

/// All that was planted. Every text begins with one marker, so that a search for the marker finds them all.
pub(super) struct Garden {
    pub(super) marker: String,
    random: SharedRandom,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    texts: u32,
    /// By the name in the schema: `method.field` or `constructor.field`.
    places: BTreeMap<String, Place>,
    others: Vec<(String, Planted)>,
}

impl Garden {
    pub(super) fn new() -> Self {
        let random: SharedRandom = Arc::new(SystemRandom);
        // No vowels: never a word. Ten of 28 characters are 48 bits.
        let letter = |_| char::from(b"bcdfghjklmnpqrstvwxz23456789"[random.below(28) as usize]);
        let marker = format!("q{}", (0..10).map(letter).collect::<String>());
        println!("marker: {marker}");
        Self { marker, random, inner: Mutex::default() }
    }

    /// A new text for a place.
    pub(super) fn text(&self, place: &str) -> String {
        let number = {
            let mut inner = self.inner();
            inner.texts += 1;
            inner.texts
        };
        self.at(place, format!("{}{number:03}", self.marker))
    }

    /// Puts a known text into a place.
    pub(super) fn at(&self, place: &str, text: impl Into<String>) -> String {
        let text = text.into();
        self.inner().places.entry(place.to_owned()).or_default().text = text.clone().into_bytes();
        text
    }

    /// Puts bytes that the server made into a place; they are looked for as a secret.
    pub(super) fn secret_at(&self, place: &str, bytes: &[u8]) -> Vec<u8> {
        self.secret(place, bytes);
        self.inner().places.entry(place.to_owned()).or_default().text = bytes.to_vec();
        bytes.to_vec()
    }

    pub(super) fn secret(&self, what: &str, bytes: &[u8]) {
        self.other(what, Planted::Secret(bytes.to_vec()));
    }

    /// A phone number that nobody has yet, with its plus sign.
    pub(super) fn phone(&self, whose: &str) -> String {
        let phone = format!("+1555{:07}", 2_000_000 + self.random.below(7_000_000));
        self.other(&format!("the phone number of {whose}"), Planted::Phone(phone[1..].to_owned()));
        phone
    }

    pub(super) fn other(&self, what: &str, planted: Planted) {
        self.inner().others.push((what.to_owned(), planted));
    }

    /// The places whose text, number or bytes were in a query.
    pub(super) fn places(&self) -> Vec<String> {
        let inner = self.inner();
        inner.places.iter().filter(|(_, place)| place.sent).map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn search(&self) -> Search {
        let mut search = Search::default();
        search.add("a text", &Planted::Text(self.marker.clone()));
        for (what, planted) in &self.inner().others {
            search.add(what, planted);
        }
        search
    }

    pub(super) fn random_id(&self) -> i64 {
        self.random.i64()
    }

    fn note_sent(&self, query: &[u8]) {
        for place in self.inner().places.values_mut() {
            place.sent = place.sent || memchr::memmem::find(query, &place.text).is_some();
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A device of somebody.
pub(super) struct Device {
    client: Client,
    garden: Arc<Garden>,
}

impl Device {
    /// A device with a new key that tells about itself.
    pub(super) async fn connect(server: &Server, garden: &Arc<Garden>) -> Self {
        let config = Config {
            connect: Arc::new(Tcp(server.address)),
            keys: vec![server.key.clone()],
            dc: 2,
            framing: Framing::PaddedIntermediate,
            obfuscation: None,
            layer: NEWEST_LAYER,
            clock: Arc::new(SystemClock),
            random: Arc::clone(&garden.random),
            spawn: Arc::new(gateway::task::Runtime::current()),
        };
        let client = Client::connect(config, None).await.unwrap();
        let device = Self { client, garden: Arc::clone(garden) };
        garden.secret("an authorization key", device.identity().key.bytes());
        let text = |field: &str| garden.text(&format!("initConnection.{field}"));
        let json = types::JsonObjectValue {
            key: text("params"),
            value: types::JsonString { value: text("params") }.into(),
        };
        let init = functions::InitConnection {
            api_id: 1,
            device_model: text("device_model"),
            system_version: text("system_version"),
            app_version: text("app_version"),
            system_lang_code: text("system_lang_code"),
            lang_pack: text("lang_pack"),
            lang_code: text("lang_code"),
            proxy: Some(types::InputClientProxy { address: text("proxy"), port: 1 }),
            params: Some(types::JsonObject { value: vec![json] }.into()),
            query: functions::help::GetConfig {}.to_bytes(NEWEST_LAYER).unwrap(),
        };
        let query = init.to_bytes(NEWEST_LAYER).unwrap();
        let query = functions::InvokeWithLayer { layer: NEWEST_LAYER, query }.to_bytes(NEWEST_LAYER).unwrap();
        device.send(query).await.unwrap();
        device
    }

    pub(super) fn identity(&self) -> &Identity {
        self.client.identity()
    }

    /// Calls a method that succeeds.
    pub(super) async fn call<M: Method>(&self, request: M) -> M::Answer {
        self.try_call(request).await.unwrap_or_else(|why| panic!("{} was answered {why}", M::NAME))
    }

    /// Calls a method that the server refuses; gives the error's name.
    pub(super) async fn refused<M: Method>(&self, request: M) -> String {
        match self.try_call(request).await {
            Err(ClientError::Rpc { text, .. }) => text,
            Err(why) => panic!("{}: {why}", M::NAME),
            Ok(_) => panic!("{} was not refused", M::NAME),
        }
    }

    pub(super) async fn try_call<M: Method>(&self, request: M) -> Result<M::Answer, ClientError> {
        let answer = self.send(request.to_bytes(NEWEST_LAYER).unwrap()).await?;
        Ok(M::Answer::from_bytes(&answer)?)
    }

    /// Sends bytes that are meant to be a query.
    pub(super) async fn send(&self, query: Vec<u8>) -> Result<Vec<u8>, ClientError> {
        self.garden.note_sent(&query);
        self.client.call(query).await
    }
}

/// The id of who signed in.
pub(super) fn user_id(answer: enums::auth::Authorization) -> i64 {
    match answer {
        enums::auth::Authorization::Authorization(signed) => match signed.user {
            enums::User::User(user) => user.id,
            enums::User::Empty(_) => panic!("signed in to nobody"),
        },
        enums::auth::Authorization::SignUpRequired(_) => panic!("there is no account"),
    }
}

struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "a client takes the real time")]
    fn now(&self) -> Time {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the system has random bytes");
    }
}

/// The time now, as dates in queries have it.
pub(super) fn now() -> i32 {
    i32::try_from(SystemClock.now().secs()).unwrap_or(i32::MAX)
}
