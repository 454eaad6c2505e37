//! Signing in by QR code: a device shows a token, another one of the user accepts it.

use domain::flood::EXPORT_LOGIN_TOKEN;
use domain::{Error, Fault, Time, UserId, limits};
use store::login_tokens::{self, Kind, LoginToken};
use store::{Tx, auth_keys};

use super::admit::{Proof, admit};
use super::flood;
use crate::Service;

/// What a device that shows a QR code learns.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// This is to be shown, until then.
    Show { token: Vec<u8>, expires_at: Time },
    /// The token was accepted (or the device was signed in before).
    SignedIn(UserId),
}

/// A new token for a device that nobody is signed in to.
///
/// Errors: `FLOOD_WAIT_x`.
pub async fn export(service: &Service, auth_key_id: i64) -> Result<Outcome, Error> {
    let bytes = service.random.bytes::<32>().to_vec();
    service
        .store
        .write(move |tx| {
            flood::take(tx, &EXPORT_LOGIN_TOKEN, &auth_key_id.to_string(), 1)??;
            if let Some(user) = signed_in(tx, auth_key_id)? {
                return Ok(Outcome::SignedIn(user));
            }
            let expires_at = tx.now().plus_secs(limits::LOGIN_TOKEN_LIFETIME_SECS);
            let token = LoginToken { auth_key_id, expires_at, user: None };
            login_tokens::insert(tx, Kind::Qr, &bytes, &token)?;
            Ok(Outcome::Show { token: bytes, expires_at })
        })
        .await
}

/// The outcome of a token for the device that asked for it. Tokens are for that device alone: whoever
/// sees a QR code must not be able to make it theirs.
///
/// Errors: `AUTH_TOKEN_INVALID`, `AUTH_TOKEN_EXPIRED`.
pub async fn import(service: &Service, auth_key_id: i64, bytes: Vec<u8>) -> Result<Outcome, Error> {
    service
        .store
        .read(move |tx| {
            let token =
                login_tokens::get(tx, Kind::Qr, &bytes)?.filter(|token| token.auth_key_id == auth_key_id);
            let token = token.ok_or_else(Fault::auth_token_invalid)?;
            if let Some(user) = signed_in(tx, auth_key_id)? {
                return Ok(Outcome::SignedIn(user));
            }
            if token.expires_at <= tx.now() {
                return Err(Fault::auth_token_expired().into());
            }
            Ok(Outcome::Show { token: bytes, expires_at: token.expires_at })
        })
        .await
}

/// Lets the device that shows the token in. Gives its key.
///
/// Errors: `AUTH_TOKEN_INVALIDX`, `AUTH_TOKEN_EXPIRED`, `AUTH_TOKEN_ALREADY_ACCEPTED`.
pub async fn accept(service: &Service, user: UserId, bytes: Vec<u8>) -> Result<i64, Error> {
    service
        .store
        .write(move |tx| {
            let token = login_tokens::get(tx, Kind::Qr, &bytes)?.ok_or_else(Fault::auth_token_invalidx)?;
            if token.user.is_some() || signed_in(tx, token.auth_key_id)?.is_some() {
                return Err(Error::from(Fault::auth_token_already_accepted()));
            }
            if token.expires_at <= tx.now() {
                return Err(Fault::auth_token_expired().into());
            }
            admit(tx, token.auth_key_id, user, Proof::Device)?;
            login_tokens::accept(tx, &bytes, &token, user)?;
            Ok(token.auth_key_id)
        })
        .await
}

fn signed_in(tx: &mut Tx<'_>, auth_key_id: i64) -> Result<Option<UserId>, Error> {
    Ok(auth_keys::get(tx, auth_key_id)?.and_then(|key| key.user))
}
