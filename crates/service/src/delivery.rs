//! How a sign-in code leaves the server.

use domain::BoxFuture;

/// A way to bring a code to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Nothing but the operator's list of codes (`chatters codes`): the operator hands it over.
    Console,
    Sms,
    Call,
    Email,
}

/// What a code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    SignIn,
    /// Whoever gets it can have sign-in codes sent to their address.
    ProveEmail,
}

/// One code for one person. Not `Debug`: it holds what must not be logged.
#[derive(Clone)]
pub struct Delivery {
    pub purpose: Purpose,
    /// Canonical digits, without the plus sign.
    pub phone: String,
    pub code: String,
    /// Where it goes by [`Channel::Email`].
    pub email: Option<String>,
    pub channel: Channel,
}

/// Brings codes to people: a console, a mail server, a gateway for text messages.
pub trait CodeSender: Send + Sync {
    /// The ways that this server has, in the order in which they are tried (`auth.resendCode` takes the
    /// next one). Never empty.
    fn channels(&self) -> Vec<Channel>;

    /// Shows a sign-in code to the operator, whichever way it goes besides.
    fn show(&self, _phone: &str, _code: &str) {}

    /// Resolves when the next hop has taken the code. The console always takes it.
    fn send(&self, delivery: Delivery) -> BoxFuture<Result<(), String>>;
}
