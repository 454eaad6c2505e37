//! How a sign-in code leaves the server.

use domain::BoxFuture;

/// A way to bring a code to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// The operator's console and `chatters codes`.
    Console,
    Sms,
    Call,
    Email,
}

/// One code for one person. Not `Debug`: it holds what must not be logged.
#[derive(Clone)]
pub struct Delivery {
    /// Canonical digits, without the plus sign.
    pub phone: String,
    pub code: String,
    /// The sign-in e-mail of the account, where it has one.
    pub email: Option<String>,
    pub channel: Channel,
}

/// Brings codes to people: a console, a mail server, a gateway for text messages.
pub trait CodeSender: Send + Sync {
    /// The ways that this server has, in the order in which they are tried (`auth.resendCode` takes the
    /// next one). Never empty.
    fn channels(&self) -> Vec<Channel>;

    /// Resolves when the next hop has taken the code.
    fn send(&self, delivery: Delivery) -> BoxFuture<Result<(), String>>;
}
