//! The public deactivation page: whoever holds a number proves it with a code that their app shows, and the account
//! is deleted (P10.1).
//!
//! The page says nothing about numbers: whether one has an account, and whether a device is signed in to it, is told
//! in the app alone.

use std::net::IpAddr;

use domain::flood::{DEACTIVATE_ADDRESS, DEACTIVATE_PHONE, DEACTIVATE_TRIES};
use domain::phone::Phone;
use domain::{Error, Fault, UserId, limits};
use store::codes::{self, Sent};
use store::users::{self, User};
use store::{Tx, auth_keys, deletions};

use super::{deletion, flood};
use crate::Service;
use crate::messages::notice;

/// The name of this way beside a code, which keeps it from being good for anything else.
const CHANNEL: &str = "deactivation";

/// No key has this id, so no device can sign in with such a code.
const NO_KEY: i64 = 0;

/// Letters that nobody takes for one another. Codes are long: whoever guesses one deletes an account.
const LETTERS: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
const CODE_LENGTH: usize = 10;

/// Sends a code to the devices of the number's account, if there are any. Gives the name under which the page
/// has to show the code; it looks the same for every number.
///
/// Errors: `PHONE_NUMBER_INVALID`, `FLOOD_WAIT_x`.
pub async fn ask(service: &Service, phone: &str, address: IpAddr) -> Result<String, Error> {
    let phone = Phone::parse(phone)?;
    let letter = |_| char::from(LETTERS[usize::try_from(service.random.below(31)).unwrap_or(0)]);
    let code: String = (0..CODE_LENGTH).map(letter).collect();
    let id: String = service.random.bytes::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
    let shown = id.clone();
    service
        .store
        .write(move |tx| -> Result<Result<(), Fault>, Error> {
            for (budget, subject) in
                [(&DEACTIVATE_ADDRESS, address.to_string()), (&DEACTIVATE_PHONE, phone.digits().to_owned())]
            {
                if let Err(fault) = flood::take(tx, budget, &subject, 1)? {
                    return Ok(Err(fault));
                }
            }
            let Some(user) = holder(tx, phone.digits())? else { return Ok(Ok(())) };
            if auth_keys::of_user(tx, user)?.is_empty() {
                return Ok(Ok(()));
            }
            let sent =
                Sent { phone: phone.digits().to_owned(), channel: CHANNEL.to_owned(), ..Sent::default() };
            codes::insert(
                tx,
                &codes::NewCode {
                    id: id.as_bytes(),
                    code: &code,
                    auth_key_id: NO_KEY,
                    expires_at: tx.now().plus_secs(limits::CODE_LIFETIME_SECS),
                    sent: &sent,
                },
            )?;
            notice::deletion_code(tx, user, &code)?;
            Ok(Ok(()))
        })
        .await??;
    Ok(shown)
}

/// Deletes the account whose app showed the code.
///
/// Errors: `PHONE_CODE_INVALID`, also when there is no such code or no more, and `FLOOD_WAIT_x`.
pub async fn confirm(service: &Service, id: String, code: &str, address: IpAddr) -> Result<(), Error> {
    let code = code.trim().to_ascii_lowercase();
    let user = service
        .store
        .write(move |tx| -> Result<Result<UserId, Fault>, Error> {
            // A wrong try is counted although it fails: the transaction ends well.
            if let Err(fault) = flood::take(tx, &DEACTIVATE_TRIES, &address.to_string(), 1)? {
                return Ok(Err(fault));
            }
            let known = codes::get(tx, id.as_bytes())?.filter(|known| {
                known.sent.channel == CHANNEL
                    && known.expires_at > tx.now()
                    && u32::try_from(known.tries).unwrap_or(u32::MAX) < limits::CODE_TRIES
            });
            let Some(known) = known else { return Ok(Err(Fault::phone_code_invalid())) };
            if !known.matches(tx, &code) {
                codes::set_progress(tx, &known.id, known.tries + 1, false)?;
                return Ok(Err(Fault::phone_code_invalid()));
            }
            codes::delete(tx, &known.id)?;
            let Some(user) = holder(tx, &known.sent.phone)? else {
                return Ok(Err(Fault::phone_code_invalid()));
            };
            deletions::begin(tx, user, None)?;
            Ok(Ok(user))
        })
        .await??;
    deletion::soon(service, user).await;
    Ok(())
}

/// The account of a number, if it is a person's.
fn holder(tx: &mut Tx<'_>, digits: &str) -> Result<Option<UserId>, Error> {
    let Some(user) = users::by_phone(tx, digits)? else { return Ok(None) };
    let person = users::get(tx, user)?.filter(|row| row.flags & User::SERVICE == 0);
    Ok(person.map(|row| row.id))
}
