//! `auth.sendCode`, `auth.resendCode`, `auth.cancelCode`: proving that somebody holds a number.

use std::net::IpAddr;

use domain::flood::{SEND_CODE_ADDRESS, SEND_CODE_PHONE};
use domain::limits;
use domain::phone::Phone;
use domain::{Error, Fault};
use store::{Tx, auth_keys, codes, users};

use super::flood;
use crate::Service;
use crate::delivery::{Channel, Delivery};
use crate::messages::notice;

/// Where a code went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// A message of the service account on the user's other devices.
    App,
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

/// Sends a code: as a message where another device is signed in, else by the first channel.
///
/// Errors: `PHONE_NUMBER_INVALID`, `FLOOD_WAIT_x`, `SEND_CODE_UNAVAILABLE`.
pub async fn send(service: &Service, command: SendCode) -> Result<SentCode, Error> {
    let phone = Phone::parse(&command.phone)?;
    let code = new_code(service, &phone);
    let id = new_hash(service);
    let channels = service.codes.channels();
    let first = *channels.first().ok_or_else(Fault::send_code_unavailable)?;
    let (delivery_code, phone_code_hash) = (code.clone(), id.clone());
    let digits = phone.digits().to_owned();
    let via = service
        .store
        .write(move |tx| -> Result<Result<Via, Fault>, Error> {
            if let Err(fault) = budget(tx, &digits, command.address)? {
                return Ok(Err(fault));
            }
            let account = users::by_phone(tx, &digits)?;
            let elsewhere = match account {
                Some(user) => auth_keys::of_user(tx, user)?.iter().any(|key| key.id != command.auth_key_id),
                None => false,
            };
            let via = if elsewhere { Via::App } else { Via::Channel(first) };
            codes::insert(
                tx,
                &codes::NewCode {
                    id: id.as_bytes(),
                    phone: &digits,
                    code: &code,
                    auth_key_id: command.auth_key_id,
                    expires_at: tx.now().plus_secs(limits::CODE_LIFETIME_SECS),
                    channel: name(via),
                },
            )?;
            if let (Via::App, Some(user)) = (via, account) {
                notice::login_code(tx, user, &code)?;
            }
            Ok(Ok(via))
        })
        .await??;
    if let Via::Channel(channel) = via {
        deliver(service, &phone, delivery_code, channel).await?;
    }
    let next = match via {
        Via::App => Some(first),
        Via::Channel(_) => channels.get(1).copied(),
    };
    Ok(SentCode { phone_code_hash, via, next })
}

/// Sends another code under the same hash, by the next channel (or the last one again).
///
/// Errors: `PHONE_NUMBER_INVALID`, `PHONE_CODE_EXPIRED`, `SEND_CODE_UNAVAILABLE`, `FLOOD_WAIT_x`.
pub async fn resend(
    service: &Service,
    command: SendCode,
    phone_code_hash: String,
) -> Result<SentCode, Error> {
    let phone = Phone::parse(&command.phone)?;
    let code = new_code(service, &phone);
    let channels = service.codes.channels();
    let all = channels.clone();
    let (digits, new, hash) = (phone.digits().to_owned(), code.clone(), phone_code_hash.clone());
    let index = service
        .store
        .write(move |tx| -> Result<Result<usize, Fault>, Error> {
            if let Err(fault) = budget(tx, &digits, command.address)? {
                return Ok(Err(fault));
            }
            let known = codes::get(tx, hash.as_bytes())?
                .filter(|known| known.sent.phone == digits && known.auth_key_id == command.auth_key_id)
                .filter(|known| known.expires_at > tx.now())
                .ok_or_else(Fault::phone_code_expired)?;
            let used = all.iter().position(|channel| channel_name(*channel) == known.sent.channel);
            let index = used.map_or(0, |used| (used + 1).min(all.len().saturating_sub(1)));
            let channel = *all.get(index).ok_or_else(Fault::send_code_unavailable)?;
            let sent = codes::Sent { phone: digits, channel: channel_name(channel).to_owned() };
            let expires_at = tx.now().plus_secs(limits::CODE_LIFETIME_SECS);
            codes::replace(tx, hash.as_bytes(), &new, &sent, expires_at)?;
            Ok(Ok(index))
        })
        .await??;
    let channel = *channels.get(index).ok_or_else(Fault::send_code_unavailable)?;
    deliver(service, &phone, code, channel).await?;
    Ok(SentCode { phone_code_hash, via: Via::Channel(channel), next: channels.get(index + 1).copied() })
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
    if let Err(fault) = flood::take(tx, &SEND_CODE_ADDRESS, &address.to_string(), 1)? {
        return Ok(Err(fault));
    }
    Ok(flood::take(tx, &SEND_CODE_PHONE, phone, 1)?)
}

async fn deliver(service: &Service, phone: &Phone, code: String, channel: Channel) -> Result<(), Error> {
    if test_code(service, phone).is_some() {
        return Ok(());
    }
    let delivery = Delivery { phone: phone.digits().to_owned(), code, email: None, channel };
    service.codes.send(delivery).await.map_err(|error| {
        tracing::warn!(channel = channel_name(channel), %error, "a sign-in code could not be delivered");
        Error::from(Fault::send_code_unavailable())
    })
}

fn new_code(service: &Service, phone: &Phone) -> String {
    if let Some(code) = test_code(service, phone) {
        return code;
    }
    let bound = 10u64.pow(u32::try_from(limits::CODE_LENGTH).unwrap_or(5));
    format!("{:0width$}", service.random.below(bound), width = limits::CODE_LENGTH)
}

/// In a test environment the protocol's test numbers have codes that everybody knows: the digit of the
/// number's data centre, again and again. Source: "User Authorization", section "Test accounts".
fn test_code(service: &Service, phone: &Phone) -> Option<String> {
    let digit = phone.digits().get(5..6)?;
    (service.config.test_mode && phone.is_test()).then(|| digit.repeat(limits::CODE_LENGTH))
}

fn new_hash(service: &Service) -> String {
    service.random.bytes::<9>().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn name(via: Via) -> &'static str {
    match via {
        Via::App => "app",
        Via::Channel(channel) => channel_name(channel),
    }
}

fn channel_name(channel: Channel) -> &'static str {
    match channel {
        Channel::Console => "console",
        Channel::Sms => "sms",
        Channel::Call => "call",
        Channel::Email => "email",
    }
}
