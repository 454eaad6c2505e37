//! Codes on their way out: which ways there are, and which one takes a code.

use domain::email::Email;
use domain::phone::Phone;
use domain::{Error, Fault, limits};

use crate::Service;
use crate::delivery::{Channel, Delivery, Purpose};

/// The ways that codes can go to somebody, in the operator's order: the mail only where there is an address.
/// When nothing else is left, the operator's list alone. Never empty.
pub fn ways(channels: &[Channel], has_address: bool) -> Vec<Channel> {
    let mut ways = channels.to_vec();
    ways.retain(|channel| *channel != Channel::Email || has_address);
    if ways.is_empty() {
        ways.push(Channel::Console);
    }
    ways
}

/// Shows a sign-in code to the operator.
pub fn show(service: &Service, phone: &Phone, code: &str) {
    if test_code(service, phone).is_none() {
        service.codes.show(phone.digits(), code);
    }
}

/// Gives a sign-in code to the first of the ways that takes it, in the end to the operator alone, and gives
/// that way. A way that fails costs its own time limit and no more.
///
/// Errors: `SEND_CODE_UNAVAILABLE` when not even the console takes it.
pub async fn sign_in(
    service: &Service,
    phone: &Phone,
    code: String,
    email: Option<&Email>,
    ways: &[Channel],
) -> Result<Channel, Error> {
    if test_code(service, phone).is_some() {
        return Ok(ways.first().copied().unwrap_or(Channel::Console));
    }
    let mut delivery = Delivery {
        purpose: Purpose::SignIn,
        phone: phone.digits().to_owned(),
        code,
        email: email.map(|email| email.as_str().to_owned()),
        channel: Channel::Console,
    };
    for channel in ways.iter().copied().chain([Channel::Console]) {
        delivery.channel = channel;
        match service.codes.send(delivery.clone()).await {
            Ok(()) => return Ok(channel),
            Err(why) => {
                let channel = name(Some(channel));
                tracing::warn!(channel, %why, "a sign-in code could not be delivered");
            }
        }
    }
    Err(Fault::send_code_unavailable().into())
}

/// Mails a code that proves an address. There is no other way for it.
///
/// Errors: `EMAIL_NOT_ALLOWED` when the mail server does not take it.
pub async fn prove(service: &Service, phone: String, email: &Email, code: String) -> Result<(), Error> {
    let delivery = Delivery {
        purpose: Purpose::ProveEmail,
        phone,
        code,
        email: Some(email.as_str().to_owned()),
        channel: Channel::Email,
    };
    service.codes.send(delivery).await.map_err(|why| {
        tracing::warn!(%why, "a code that proves an address could not be mailed");
        Fault::email_not_allowed().into()
    })
}

/// A code for a number; in a test environment the one that everybody knows.
pub fn sign_in_code(service: &Service, phone: &Phone) -> String {
    test_code(service, phone).unwrap_or_else(|| new_code(service))
}

pub fn new_code(service: &Service) -> String {
    let bound = 10u64.pow(u32::try_from(limits::CODE_LENGTH).unwrap_or(5));
    format!("{:0width$}", service.random.below(bound), width = limits::CODE_LENGTH)
}

/// In a test environment the protocol's test numbers have codes that everybody knows: the digit of the
/// number's data centre, again and again. Source: "User Authorization", section "Test accounts".
fn test_code(service: &Service, phone: &Phone) -> Option<String> {
    let digit = phone.digits().get(5..6)?;
    (service.config.test_mode && phone.is_test()).then(|| digit.repeat(limits::CODE_LENGTH))
}

/// The name of a way beside a code; `None` is a message of the service account.
pub fn name(channel: Option<Channel>) -> &'static str {
    match channel {
        None => "app",
        Some(Channel::Console) => "console",
        Some(Channel::Sms) => "sms",
        Some(Channel::Call) => "call",
        Some(Channel::Email) => "email",
    }
}
