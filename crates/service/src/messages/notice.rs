//! What the service account, and the service itself, has to say to a user.

use domain::text::{self, Styled};
use domain::{Error, UserId};
use store::Tx;
use store::auth_keys::{AuthKey, Device};
use updates::content::Action;
use updates::log;
use updates::{Content, event};

use super::write::{self, Draft};

/// A sign-in code for the user's other devices.
pub fn login_code(tx: &mut Tx<'_>, user: UserId, code: &str) -> Result<(), Error> {
    let text = format!(
        "Login code: {code}. Do not give this code to anyone, even if they say they work for this service!\n\n\
         This code signs a new device in to your account. It is never asked for by anybody else.\n\n\
         If you did not ask for it, ignore this message."
    );
    from_service(tx, user, &text)
}

/// The code that the public deactivation page asks for.
pub fn deletion_code(tx: &mut Tx<'_>, user: UserId, code: &str) -> Result<(), Error> {
    let text = format!(
        "Deletion code: {code}. Somebody asked on the deactivation page to delete your account.\n\n\
         Whoever types this code there deletes the account with everything in it, at once and for good. Do not \
         give it to anyone.\n\nIf it was not you, ignore this message: without the code nothing happens."
    );
    from_service(tx, user, &text)
}

/// Word of a new sign-in, as a message, and to devices that can ask whether it was their user.
pub fn new_sign_in(tx: &mut Tx<'_>, user: UserId, key: &AuthKey, unconfirmed: bool) -> Result<(), Error> {
    let name = device_name(&key.device);
    let text = format!(
        "New sign-in. Your account was signed in to from a new device.\n\nDevice: {name}\nAddress: {}\n\n\
         If this was not you, end that session in the settings under Devices.",
        key.device.address
    );
    from_service(tx, user, &text)?;
    if unconfirmed {
        let hash = event::authorization_hash(tx, key.id);
        let update = event::new_authorization(hash, tx.now(), &name, &key.device.address);
        log::append(tx, user, update, None)?;
    }
    Ok(())
}

/// What a client said of itself; nothing that it did not say.
fn device_name(device: &Device) -> String {
    let parts = [&device.device_model, &device.system_version, &device.app_version];
    let said: Vec<&str> = parts.into_iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
    if said.is_empty() { "unknown".to_owned() } else { said.join(", ") }
}

/// "… joined", in the dialog with the new user, under the name that the owner saved.
pub fn contact_joined(tx: &mut Tx<'_>, owner: UserId, joined: UserId) -> Result<(), Error> {
    write::write(
        tx,
        &Draft {
            from: joined,
            to: owner,
            random_id: None,
            content: Content::action(&Action::ContactJoined).pack(),
            silent: true,
            reply_to: None,
            ttl: None,
            service: true,
            one_sided: true,
            origin: None,
        },
    )?;
    Ok(())
}

fn from_service(tx: &mut Tx<'_>, user: UserId, text: &str) -> Result<(), Error> {
    let styled: Styled = text::message(text, Vec::new())?;
    write::write(
        tx,
        &Draft {
            from: domain::ids::SERVICE_USER,
            to: user,
            random_id: None,
            content: Content::text(&styled).pack(),
            silent: false,
            reply_to: None,
            ttl: None,
            service: false,
            one_sided: true,
            origin: None,
        },
    )?;
    Ok(())
}
