//! What the product knows without input or output: ids, peers, rules, limits.
//!
//! Pure and synchronous. Time and randomness are arguments ([`Clock`], [`Random`]); nothing here
//! knows of sockets, SQL or wire formats.

pub mod address;
pub mod app_config;
pub mod birthday;
pub mod clock;
pub mod countries;
pub mod email;
pub mod error;
mod fingerprint;
pub mod flood;
pub mod hint;
pub mod ids;
pub mod lang;
pub mod limits;
pub mod names;
pub mod phone;
pub mod privacy;
pub mod random;
pub mod reactions;
mod repeats;
pub mod session;
pub mod task;
pub mod testing;
pub mod text;
pub mod username;
pub mod words;

pub use clock::{Clock, SharedClock, Time};
pub use error::{Error, Fault};
pub use hint::Hint;
pub use ids::{ChannelId, ChatId, Peer, UserId};
pub use random::{Random, SharedRandom};
pub use repeats::Repeats;
pub use session::SessionRef;
pub use task::{BoxFuture, SharedSpawn, Spawn};
