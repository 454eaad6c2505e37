//! `auth.signUp`: a number whose code was right gets its account.

use domain::flood::SIGN_IN_KEY;
use domain::phone::Phone;
use domain::{Error, Fault, UserId, names};
use store::{Tx, codes, contacts, users};

use super::admit::{Proof, admit};
use super::flood;
use crate::Service;
use crate::contacts::joins;
use crate::messages::notice;

pub struct SignUp {
    pub phone: String,
    pub phone_code_hash: String,
    pub first_name: String,
    pub last_name: String,
    pub auth_key_id: i64,
    /// Do not tell those who have the number in their contacts.
    pub silent: bool,
}

/// New accounts get a random id in this range: ids tell neither how many accounts there are nor which
/// came first, and every client can hold them.
const IDS: std::ops::Range<i64> = 1_000_000_000..100_000_000_000;

/// Errors: `PHONE_NUMBER_INVALID`, `PHONE_CODE_EXPIRED`, `PHONE_NUMBER_OCCUPIED`, `FIRSTNAME_INVALID`,
/// `FLOOD_WAIT_x`.
pub async fn sign_up(service: &Service, command: SignUp) -> Result<UserId, Error> {
    let phone = Phone::parse(&command.phone)?;
    let first_name = names::first_name(&command.first_name)?;
    let last_name = names::last_name(&command.last_name);
    service
        .store
        .write(move |tx| -> Result<Result<UserId, Fault>, Error> {
            if let Err(fault) = flood::take(tx, &SIGN_IN_KEY, &command.auth_key_id.to_string(), 1)? {
                return Ok(Err(fault));
            }
            let code = codes::get(tx, command.phone_code_hash.as_bytes())?
                .filter(|code| code.sent.phone == phone.digits() && code.auth_key_id == command.auth_key_id)
                .filter(|code| code.confirmed && code.expires_at > tx.now())
                .ok_or_else(Fault::phone_code_expired)?;
            codes::delete(tx, command.phone_code_hash.as_bytes())?;
            if users::by_phone(tx, phone.digits())?.is_some() {
                return Ok(Err(Fault::phone_number_occupied()));
            }
            let profile = users::Profile {
                phone: phone.digits().to_owned(),
                first_name,
                last_name,
                email: code.sent.email,
                ..users::Profile::default()
            };
            let user = create(tx, &profile)?;
            admit(tx, command.auth_key_id, user, Proof::Code)?;
            joined(tx, user, phone.digits(), command.silent)?;
            Ok(Ok(user))
        })
        .await?
        .map_err(Error::from)
}

fn create(tx: &mut Tx<'_>, profile: &users::Profile) -> Result<UserId, Error> {
    loop {
        let span = u64::try_from(IDS.end - IDS.start).expect("the range is not empty");
        let offset = i64::try_from(tx.random().below(span)).expect("below the span");
        let id = UserId(IDS.start + offset);
        // The id of a deleted account is never given out again: others still know it by that.
        if matches!(users::find(tx, id)?, users::Account::None) {
            users::insert(tx, id, profile, 0)?;
            return Ok(id);
        }
    }
}

/// Ties the entries of those who had saved the number to the account, and tells them (P3.4b).
fn joined(tx: &mut Tx<'_>, user: UserId, phone: &str, silent: bool) -> Result<(), Error> {
    for contact in contacts::waiting_for(tx, phone)? {
        contacts::joined(tx, contact.owner, phone, user)?;
        if !silent && !joins::are_silent(tx, contact.owner)? {
            notice::contact_joined(tx, contact.owner, user)?;
        }
    }
    Ok(())
}
