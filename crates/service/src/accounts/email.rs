//! `account.sendVerifyEmailCode` and `account.verifyEmail`: an address that sign-in codes may go to.

use std::net::IpAddr;

use domain::address::network;
use domain::email::Email;
use domain::flood::{EMAIL_CODES, EMAIL_TRIES, SEND_CODE_ADDRESS};
use domain::phone::Phone;
use domain::{Error, Fault, UserId, limits};
use store::codes::{self, NewCode, Sent};
use store::{Tx, users};

use super::send_code::{SendCode, SentCode};
use super::{deliver, flood, send_code};
use crate::Service;
use crate::delivery::Channel;

/// Whose address it will be.
#[derive(Clone)]
pub enum Whose {
    /// A newcomer's, whose number is proven and has no account yet.
    Newcomer { phone: String, phone_code_hash: String },
    /// That of an account. It need not have had one before.
    Account(UserId),
}

#[derive(Clone)]
pub struct Prove {
    pub whose: Whose,
    pub auth_key_id: i64,
    pub address: IpAddr,
}

/// What a proven address led to.
pub enum Proven {
    /// It is the account's.
    Account(Email),
    /// It will be the account's that is about to be made; a sign-in code is on its way to it.
    Newcomer(Email, SentCode),
}

/// Mails a code. Gives what may be shown of the address.
///
/// Errors: `EMAIL_INVALID`, `EMAIL_NOT_ALLOWED` where no mail is sent, `PHONE_NUMBER_INVALID`,
/// `PHONE_HASH_EXPIRED`, `FLOOD_WAIT_x`.
pub async fn send(service: &Service, command: Prove, email: &str) -> Result<String, Error> {
    let email = Email::parse(email)?;
    if !service.codes.channels().contains(&Channel::Email) {
        return Err(Fault::email_not_allowed().into());
    }
    let code = deliver::new_code(service);
    let (new, to) = (code.clone(), email.clone());
    let phone = service
        .store
        .write(move |tx| -> Result<Result<String, Fault>, Error> {
            let key = command.auth_key_id;
            let subjects = [
                (&SEND_CODE_ADDRESS, network(command.address).to_string()),
                (&EMAIL_CODES, key.to_string()),
                (&EMAIL_CODES, to.as_str().to_ascii_lowercase()),
            ];
            for (budget, subject) in subjects {
                if let Err(fault) = flood::take(tx, budget, &subject, 1)? {
                    return Ok(Err(fault));
                }
            }
            let phone = holder(tx, &command)?;
            codes::delete(tx, &id(key))?;
            let sent = Sent {
                phone: phone.clone(),
                channel: deliver::name(Some(Channel::Email)).to_owned(),
                email: to.as_str().to_owned(),
                resets_email: false,
            };
            let expires_at = tx.now().plus_secs(limits::CODE_LIFETIME_SECS);
            let new = NewCode { id: &id(key), code: &new, auth_key_id: key, expires_at, sent: &sent };
            codes::insert(tx, &new)?;
            Ok(Ok(phone))
        })
        .await??;
    deliver::prove(service, phone, &email, code).await?;
    Ok(email.pattern())
}

/// Takes the code that proves the address.
///
/// Errors: `CODE_INVALID`, `EMAIL_VERIFY_EXPIRED`, `PHONE_NUMBER_INVALID`, `PHONE_HASH_EXPIRED`, `FLOOD_WAIT_x`.
pub async fn verify(service: &Service, command: Prove, code: String) -> Result<Proven, Error> {
    let asked = command.clone();
    let email = service
        .store
        .write(move |tx| -> Result<Result<Email, Fault>, Error> {
            let phone = holder(tx, &asked)?;
            let email = match check(tx, &asked, &phone, &code)? {
                Ok(email) => email,
                Err(fault) => return Ok(Err(fault)),
            };
            if let Whose::Account(user) = asked.whose {
                let before = users::get(tx, user)?.ok_or_else(Fault::auth_key_unregistered)?.profile;
                let profile = users::Profile { email: email.as_str().to_owned(), ..before };
                users::set_profile(tx, user, &profile)?;
            }
            Ok(Ok(email))
        })
        .await??;
    match command.whose {
        Whose::Account(_) => Ok(Proven::Account(email)),
        Whose::Newcomer { phone, phone_code_hash } => {
            let send = SendCode { phone, auth_key_id: command.auth_key_id, address: command.address };
            let sent = send_code::to_proven_address(service, send, phone_code_hash, &email).await?;
            Ok(Proven::Newcomer(email, sent))
        }
    }
}

/// What may be shown of the address of an account; `None` when it has none.
pub async fn pattern(service: &Service, user: UserId) -> Result<Option<String>, Error> {
    let row = service.store.read(move |tx| -> Result<_, Error> { Ok(users::get(tx, user)?) }).await?;
    let email = row.map(|row| row.profile.email).unwrap_or_default();
    Ok(Email::parse(&email).ok().map(|email| email.pattern()))
}

/// A wrong try is counted although it fails: the transaction ends well, with the fault as its outcome.
fn check(tx: &mut Tx<'_>, asked: &Prove, phone: &str, code: &str) -> Result<Result<Email, Fault>, Error> {
    if let Some(fault) = flood::spent(tx, &EMAIL_TRIES, phone)? {
        return Ok(Err(fault));
    }
    let id = id(asked.auth_key_id);
    let known = codes::get(tx, &id)?
        .filter(|known| known.sent.phone == phone && known.expires_at > tx.now())
        .filter(|known| u32::try_from(known.tries).unwrap_or(u32::MAX) < limits::CODE_TRIES);
    let Some(known) = known else { return Ok(Err(Fault::email_verify_expired())) };
    if !known.matches(tx, code) {
        codes::set_progress(tx, &id, known.tries + 1, false)?;
        let spent = flood::take(tx, &EMAIL_TRIES, phone, 1)?.err();
        return Ok(Err(spent.unwrap_or_else(Fault::code_invalid)));
    }
    codes::delete(tx, &id)?;
    Ok(Email::parse(&known.sent.email))
}

/// The number of whoever proves an address: it has to be proven itself.
fn holder(tx: &mut Tx<'_>, command: &Prove) -> Result<String, Error> {
    match &command.whose {
        Whose::Account(user) => {
            let row = users::get(tx, *user)?.ok_or_else(Fault::auth_key_unregistered)?;
            Ok(row.profile.phone)
        }
        Whose::Newcomer { phone, phone_code_hash } => {
            let phone = Phone::parse(phone)?;
            codes::get(tx, phone_code_hash.as_bytes())?
                .filter(|code| code.confirmed && code.expires_at > tx.now())
                .filter(|code| code.sent.phone == phone.digits() && code.auth_key_id == command.auth_key_id)
                .ok_or_else(Fault::phone_hash_expired)?;
            Ok(phone.digits().to_owned())
        }
    }
}

/// The name of a device's code among those for signing in: no text, so that no client can name it as one.
fn id(auth_key_id: i64) -> Vec<u8> {
    let mut id = vec![0xff];
    id.extend_from_slice(&auth_key_id.to_be_bytes());
    id
}
