//! `auth.signIn`: a device that shows the right code belongs to the number's account.

use domain::flood::{SIGN_IN_KEY, SIGN_IN_PHONE};
use domain::limits;
use domain::phone::Phone;
use domain::{Error, Fault, UserId};
use store::codes::{self, Code};
use store::{StoreError, Tx, users};

use super::admit::{Proof, admit};
use super::flood;
use crate::Service;

pub struct SignIn {
    pub phone: String,
    pub phone_code_hash: String,
    pub code: String,
    pub auth_key_id: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    SignedIn(UserId),
    /// The code was right and the number has no account yet: `auth.signUp` goes on from here.
    SignUpRequired,
}

/// Errors: `PHONE_NUMBER_INVALID`, `PHONE_CODE_EMPTY`, `PHONE_CODE_INVALID`, `PHONE_CODE_EXPIRED`,
/// `FLOOD_WAIT_x`.
pub async fn sign_in(service: &Service, command: SignIn) -> Result<Outcome, Error> {
    let phone = Phone::parse(&command.phone)?;
    if command.phone_code_hash.is_empty() {
        return Err(Fault::phone_code_hash_empty().into());
    }
    if command.code.is_empty() {
        return Err(Fault::phone_code_empty().into());
    }
    service
        .store
        .write(move |tx| -> Result<Result<Outcome, Fault>, Error> {
            // A wrong try is counted although it fails: the transaction ends well, with the fault as
            // its outcome.
            let code = match check(tx, &phone, &command)? {
                Ok(code) => code,
                Err(fault) => return Ok(Err(fault)),
            };
            let Some(user) = users::by_phone(tx, phone.digits())? else {
                codes::set_progress(tx, command.phone_code_hash.as_bytes(), 0, true)?;
                return Ok(Ok(Outcome::SignUpRequired));
            };
            codes::delete(tx, command.phone_code_hash.as_bytes())?;
            if code.sent.resets_email {
                forget_email(tx, user)?;
            }
            admit(tx, command.auth_key_id, user, Proof::Code)?;
            Ok(Ok(Outcome::SignedIn(user)))
        })
        .await?
        .map_err(Error::from)
}

fn check(tx: &mut Tx<'_>, phone: &Phone, command: &SignIn) -> Result<Result<Code, Fault>, Error> {
    if let Err(fault) = flood::take(tx, &SIGN_IN_KEY, &command.auth_key_id.to_string(), 1)? {
        return Ok(Err(fault));
    }
    let known = codes::get(tx, command.phone_code_hash.as_bytes())?
        .filter(|code| code.sent.phone == phone.digits() && code.auth_key_id == command.auth_key_id);
    let Some(known) = known else { return Ok(Err(Fault::phone_code_expired())) };
    if known.expires_at <= tx.now() {
        codes::delete(tx, &known.id)?;
        return Ok(Err(Fault::phone_code_expired()));
    }
    if u32::try_from(known.tries).unwrap_or(u32::MAX) >= limits::CODE_TRIES {
        return Ok(Err(Fault::flood_wait(known.expires_at.secs() - tx.now().secs())));
    }
    // Beyond single codes: whoever asks for code after code must not get endless tries either, and a guess
    // that happens to be right is a guess all the same.
    if let Some(fault) = flood::spent(tx, &SIGN_IN_PHONE, phone.digits())? {
        return Ok(Err(fault));
    }
    if known.matches(tx, &command.code) {
        return Ok(Ok(known));
    }
    codes::set_progress(tx, &known.id, known.tries + 1, false)?;
    Ok(Err(flood::take(tx, &SIGN_IN_PHONE, phone.digits(), 1)?
        .err()
        .unwrap_or_else(Fault::phone_code_invalid)))
}

/// The code came by another way because the mailbox is lost.
fn forget_email(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    let Some(row) = users::get(tx, user)? else { return Ok(()) };
    users::set_profile(tx, user, &users::Profile { email: String::new(), ..row.profile })
}
