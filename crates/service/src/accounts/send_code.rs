//! `auth.sendCode`, `auth.resendCode`, `auth.resetLoginEmail`, `auth.cancelCode`: proving that somebody holds a
//! number.

use std::net::IpAddr;

use domain::address::network;
use domain::email::Email;
use domain::flood::{SEND_CODE_ADDRESS, SEND_CODE_PHONE};
use domain::phone::Phone;
use domain::{Error, Fault, limits};
use store::codes::{self, Sent};
use store::{Tx, auth_keys, users};

use super::{deliver, flood};
use crate::Service;
use crate::delivery::Channel;
use crate::messages::notice;

/// Where a code went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// A message of the service account on the user's other devices.
    App,
    /// By mail: what may be shown of the address.
    Email(String),
    /// By a way that is not the mail.
    Channel(Channel),
}

/// A code that is on its way.
#[derive(Clone, Debug)]
pub struct SentCode {
    /// What the client shows in the next step.
    pub phone_code_hash: String,
    pub via: Via,
    /// What `auth.resendCode` would use.
    pub next: Option<Channel>,
}

pub struct SendCode {
    pub phone: String,
    pub auth_key_id: i64,
    pub address: IpAddr,
}

/// How a code is to go, as the transaction that wrote it decided.
struct Plan {
    sent: Sent,
    /// In the order in which they are tried; never empty.
    ways: Vec<Channel>,
    /// Which of them is the first to be tried; `None` when the code went as a message.
    start: Option<usize>,
    email: Option<Email>,
}

/// Sends a code: as a message where another device is signed in, else by the first way that takes it.
///
/// Errors: `PHONE_NUMBER_INVALID`, `FLOOD_WAIT_x`, `SEND_CODE_UNAVAILABLE`.
pub async fn send(service: &Service, command: SendCode) -> Result<SentCode, Error> {
    let phone = Phone::parse(&command.phone)?;
    let code = deliver::sign_in_code(service, &phone);
    let id = new_hash(service);
    let channels = service.codes.channels();
    let (new, hash) = (code.clone(), id.clone());
    let digits = phone.digits().to_owned();
    let plan = service
        .store
        .write(move |tx| -> Result<Result<Plan, Fault>, Error> {
            if let Err(fault) = budget(tx, &digits, command.address)? {
                return Ok(Err(fault));
            }
            let account = users::by_phone(tx, &digits)?;
            let email = address(tx, &digits, None)?;
            let ways = deliver::ways(&channels, email.is_some());
            let elsewhere = match account {
                Some(user) => auth_keys::of_user(tx, user)?.iter().any(|key| key.id != command.auth_key_id),
                None => false,
            };
            let start = (!elsewhere).then_some(0);
            let channel = deliver::name(start.and_then(|start| ways.get(start)).copied()).to_owned();
            let sent = Sent { phone: digits, channel, ..Sent::default() };
            codes::insert(
                tx,
                &codes::NewCode {
                    id: hash.as_bytes(),
                    code: &new,
                    auth_key_id: command.auth_key_id,
                    expires_at: tx.now().plus_secs(limits::CODE_LIFETIME_SECS),
                    sent: &sent,
                },
            )?;
            if let (None, Some(user)) = (start, account) {
                notice::login_code(tx, user, &new)?;
            }
            Ok(Ok(Plan { sent, ways, start, email }))
        })
        .await??;
    finish(service, &phone, code, id, plan).await
}

/// Sends another code under the same hash, by the next way (or the last one again).
///
/// Errors: `PHONE_NUMBER_INVALID`, `PHONE_CODE_EXPIRED`, `SEND_CODE_UNAVAILABLE`, `FLOOD_WAIT_x`.
pub async fn resend(
    service: &Service,
    command: SendCode,
    phone_code_hash: String,
) -> Result<SentCode, Error> {
    again(service, command, phone_code_hash, Next::Way).await
}

/// Sends another code under the same hash, by a way that is not the mail. Whoever types it in has lost the
/// mailbox: the account forgets the address.
///
/// Errors: `EMAIL_INSTALL_MISSING` where no code goes by mail, those of [`resend`].
pub async fn reset_email(
    service: &Service,
    command: SendCode,
    phone_code_hash: String,
) -> Result<SentCode, Error> {
    again(service, command, phone_code_hash, Next::NoMail).await
}

/// Sends a sign-in code to an address that was proven just now, for a number that has no account yet.
pub(super) async fn to_proven_address(
    service: &Service,
    command: SendCode,
    phone_code_hash: String,
    email: &Email,
) -> Result<SentCode, Error> {
    again(service, command, phone_code_hash, Next::Mail(email.as_str().to_owned())).await
}

/// How another code is to go.
enum Next {
    Way,
    NoMail,
    Mail(String),
}

async fn again(
    service: &Service,
    command: SendCode,
    phone_code_hash: String,
    next: Next,
) -> Result<SentCode, Error> {
    let phone = Phone::parse(&command.phone)?;
    let code = deliver::sign_in_code(service, &phone);
    let mut channels = service.codes.channels();
    let (digits, new, hash) = (phone.digits().to_owned(), code.clone(), phone_code_hash.clone());
    let plan = service
        .store
        .write(move |tx| -> Result<Result<Plan, Fault>, Error> {
            if let Err(fault) = budget(tx, &digits, command.address)? {
                return Ok(Err(fault));
            }
            let known = codes::get(tx, hash.as_bytes())?
                .filter(|known| known.sent.phone == digits && known.auth_key_id == command.auth_key_id)
                .filter(|known| known.expires_at > tx.now())
                .ok_or_else(Fault::phone_code_expired)?;
            let mut sent = known.sent;
            match next {
                Next::Way => {}
                Next::NoMail => {
                    address(tx, &digits, Some(&sent))?.ok_or_else(Fault::email_install_missing)?;
                    channels.retain(|channel| *channel != Channel::Email);
                    (sent.resets_email, sent.email) = (true, String::new());
                }
                Next::Mail(email) => {
                    channels.retain(|channel| *channel == Channel::Email);
                    sent.email = email;
                }
            }
            let email = address(tx, &digits, Some(&sent))?;
            let ways = deliver::ways(&channels, email.is_some());
            let used = ways.iter().position(|way| deliver::name(Some(*way)) == sent.channel);
            let start = used.map_or(0, |used| (used + 1).min(ways.len() - 1));
            sent.channel = deliver::name(ways.get(start).copied()).to_owned();
            let expires_at = tx.now().plus_secs(limits::CODE_LIFETIME_SECS);
            codes::replace(tx, hash.as_bytes(), &new, &sent, expires_at)?;
            Ok(Ok(Plan { sent, ways, start: Some(start), email }))
        })
        .await??;
    finish(service, &phone, code, phone_code_hash, plan).await
}

/// Brings the code on its way, and notes which one it took in the end.
async fn finish(
    service: &Service,
    phone: &Phone,
    code: String,
    phone_code_hash: String,
    plan: Plan,
) -> Result<SentCode, Error> {
    deliver::show(service, phone, &code);
    let Some(start) = plan.start else {
        return Ok(SentCode { phone_code_hash, via: Via::App, next: plan.ways.first().copied() });
    };
    let ways = plan.ways.get(start..).unwrap_or_default();
    let taken = deliver::sign_in(service, phone, code, plan.email.as_ref(), ways).await?;
    let name = deliver::name(Some(taken));
    if plan.sent.channel != name {
        let (id, sent) = (phone_code_hash.clone(), Sent { channel: name.to_owned(), ..plan.sent });
        service.store.write(move |tx| codes::set_sent(tx, id.as_bytes(), &sent)).await?;
    }
    let next = match plan.ways.iter().position(|way| *way == taken) {
        Some(at) => plan.ways.get(at + 1).copied(),
        None => None,
    };
    let via = match (taken, &plan.email) {
        (Channel::Email, Some(email)) => Via::Email(email.pattern()),
        (channel, _) => Via::Channel(channel),
    };
    Ok(SentCode { phone_code_hash, via, next })
}

/// Where codes for a number go by mail: the account's address, or the one that a newcomer has just proven.
fn address(tx: &mut Tx<'_>, phone: &str, sent: Option<&Sent>) -> Result<Option<Email>, Error> {
    if sent.is_some_and(|sent| sent.resets_email) {
        return Ok(None);
    }
    let account = users::by_phone(tx, phone)?.map(|user| users::get(tx, user)).transpose()?.flatten();
    let email = account.map(|user| user.profile.email).filter(|email| !email.is_empty());
    let email = email.or_else(|| sent.map(|sent| sent.email.clone())).unwrap_or_default();
    Ok(Email::parse(&email).ok())
}

/// Makes a code worthless.
///
/// Errors: `PHONE_NUMBER_INVALID`, `PHONE_CODE_EXPIRED`.
pub async fn cancel(
    service: &Service,
    phone: &str,
    phone_code_hash: String,
    auth_key_id: i64,
) -> Result<(), Error> {
    let phone = Phone::parse(phone)?;
    service
        .store
        .write(move |tx| {
            codes::get(tx, phone_code_hash.as_bytes())?
                .filter(|code| code.sent.phone == phone.digits() && code.auth_key_id == auth_key_id)
                .ok_or_else(Fault::phone_code_expired)?;
            codes::delete(tx, phone_code_hash.as_bytes())?;
            Ok(())
        })
        .await
}

fn budget(tx: &mut Tx<'_>, phone: &str, address: IpAddr) -> Result<Result<(), Fault>, Error> {
    if let Err(fault) = flood::take(tx, &SEND_CODE_ADDRESS, &network(address).to_string(), 1)? {
        return Ok(Err(fault));
    }
    Ok(flood::take(tx, &SEND_CODE_PHONE, phone, 1)?)
}

fn new_hash(service: &Service) -> String {
    service.random.bytes::<9>().iter().map(|byte| format!("{byte:02x}")).collect()
}
