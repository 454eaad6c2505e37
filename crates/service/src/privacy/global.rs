//! `account.setGlobalPrivacySettings`: what holds for all chats.

use domain::privacy::Key;
use domain::{Error, Fault, UserId};
use store::users::User;
use store::{StoreError, Tx, contacts, messages, settings, users};
use updates::people;

use crate::Service;

const NAME: &str = "global privacy";

/// Settings for all chats. The first two are about the archive, which does not exist yet; they are kept for
/// the user's devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Global {
    pub keep_archived_unmuted: bool,
    pub keep_archived_folders: bool,
    /// When the user read a message, only those learn who see when the user was online. Others do not learn it,
    /// and the user does not learn it of them.
    pub hide_read_marks: bool,
    /// Only contacts, those whom the rules name, and those whom the user wrote to may write to the user.
    pub no_strangers: bool,
}

pub async fn of(service: &Service, user: UserId) -> Result<Global, Error> {
    service.store.read(move |tx| Ok(get(tx, user)?)).await
}

pub async fn set(service: &Service, user: UserId, global: Global) -> Result<(), Error> {
    service
        .store
        .write(move |tx| {
            settings::set(tx, user, NAME, &[pack(global)])?;
            let row = users::get(tx, user)?.ok_or_else(Fault::auth_key_unregistered)?;
            let mut flags = row.flags & !(User::NO_STRANGERS | User::HIDES_READ_DATES);
            if global.no_strangers {
                flags |= User::NO_STRANGERS;
            }
            if global.hide_read_marks {
                flags |= User::HIDES_READ_DATES;
            }
            if flags != row.flags {
                users::set_flags(tx, user, flags)?;
            }
            Ok(())
        })
        .await
}

pub fn get(tx: &mut Tx<'_>, user: UserId) -> Result<Global, StoreError> {
    Ok(settings::get(tx, user, NAME)?.map_or(Global::default(), |bytes| unpack(&bytes)))
}

/// Whether `from` may write to somebody with these flags, who may want to hear from no strangers.
pub fn may_write(tx: &mut Tx<'_>, from: UserId, to: UserId, flags: i64) -> Result<bool, StoreError> {
    Ok(flags & User::NO_STRANGERS == 0
        || contacts::is_contact(tx, to, from)?
        || people::allows(tx, to, from, Key::NoPaidMessages)?
        || messages::has_written(tx, to, from.into())?)
}

/// Whether somebody takes no messages from `from`.
///
/// Errors: `USER_ID_INVALID`.
pub fn refuses(tx: &mut Tx<'_>, from: UserId, to: UserId) -> Result<bool, Error> {
    let receiver = match users::find(tx, to)? {
        users::Account::Living(receiver) => receiver,
        // Nobody is there to refuse anything.
        users::Account::Deleted => return Ok(false),
        users::Account::None => return Err(Fault::user_id_invalid().into()),
    };
    Ok(from != to && !may_write(tx, from, to, receiver.flags)?)
}

fn pack(global: Global) -> u8 {
    u8::from(global.keep_archived_unmuted)
        | u8::from(global.keep_archived_folders) << 1
        | u8::from(global.hide_read_marks) << 2
        | u8::from(global.no_strangers) << 3
}

fn unpack(bytes: &[u8]) -> Global {
    let bits = bytes.first().copied().unwrap_or(0);
    Global {
        keep_archived_unmuted: bits & 1 != 0,
        keep_archived_folders: bits & 2 != 0,
        hide_read_marks: bits & 4 != 0,
        no_strangers: bits & 8 != 0,
    }
}
