//! Auto-delete timers: of one dialog, and the one that a user's new dialogs start with.

use std::sync::Arc;

use domain::{Error, Fault, Peer, UserId, limits};
use store::between::Standing;
use store::dialogs::{self, flag};
use store::{StoreError, Tx, settings};
use updates::content::Action;
use updates::log::{self, Origin, Position};
use updates::{Content, event};

use super::send;
use super::write::{self, Draft};
use crate::Service;

/// The setting that holds the timer of new dialogs, in seconds.
const DEFAULT: &str = "default_history_ttl";

pub struct SetTimer {
    pub by: UserId,
    pub peer: Peer,
    /// After how many seconds new messages delete themselves; 0 for never.
    pub period: i32,
    pub origin: Origin,
}

/// `messages.setHistoryTTL`: sets the timer of a dialog on both sides, and tells both. Messages that are
/// there already stay.
///
/// Errors: `PEER_ID_INVALID`, `TTL_PERIOD_INVALID`, `CHAT_NOT_MODIFIED`, those of writing to the peer.
pub async fn set(service: &Service, command: SetTimer) -> Result<Vec<Position>, Error> {
    let Peer::User(with) = command.peer else { return Err(Fault::peer_id_invalid().into()) };
    let secs = period(command.period)?;
    let (by, origin, pace) = (command.by, command.origin, Arc::clone(&service.pace));
    service
        .store
        .write(move |tx| {
            send::may_write(tx, &pace, by, with)?;
            if current(tx, by, with)? == secs {
                return Err(Fault::chat_not_modified().into());
            }
            Ok(change(tx, by, with, secs, None, origin)?)
        })
        .await
}

/// `messages.setDefaultHistoryTTL`: the timer that the user's new dialogs start with; 0 for none.
///
/// Errors: `TTL_PERIOD_INVALID`.
pub async fn set_default(service: &Service, owner: UserId, secs: i32) -> Result<(), Error> {
    let secs = period(secs)?;
    service
        .store
        .write(move |tx| -> Result<(), Error> {
            match secs {
                Some(secs) => settings::set(tx, owner, DEFAULT, &secs.to_be_bytes())?,
                None => settings::clear(tx, owner, DEFAULT)?,
            }
            Ok(())
        })
        .await
}

/// The timer that the user's new dialogs start with, in seconds; 0 for none.
pub async fn default_period(service: &Service, owner: UserId) -> Result<i32, Error> {
    service.store.read(move |tx| Ok(default_of(tx, owner)?.unwrap_or(0))).await
}

/// The timer for a message that is about to be written. Before the first message that somebody writes
/// into a dialog without a timer, the writer's default becomes the dialog's.
pub fn for_new_message(
    tx: &mut Tx<'_>,
    from: UserId,
    to: UserId,
    dialog: Option<Standing>,
) -> Result<Option<i32>, StoreError> {
    let first = match &dialog {
        Some(dialog) if dialog.ttl_period.is_some() => return Ok(dialog.ttl_period),
        Some(dialog) => dialog.top_message == 0 || dialog.flags & flag::UNANSWERED != 0,
        None => true,
    };
    if !first || from == to {
        return Ok(None);
    }
    if let Some(secs) = dialogs::get(tx, to, from.into())?.and_then(|dialog| dialog.ttl_period) {
        // The writer had deleted the dialog and with it the timer; the other side still has both.
        adopt(tx, from, to, Some(secs), None)?;
        return Ok(Some(secs));
    }
    let Some(secs) = default_of(tx, from)? else { return Ok(None) };
    // Without an origin: the answer to the call is about the message, all devices are told of this.
    change(tx, from, to, Some(secs), Some(from), None)?;
    Ok(Some(secs))
}

/// `None` for 0, which turns a timer off.
fn period(secs: i32) -> Result<Option<i32>, Fault> {
    match secs {
        0 => Ok(None),
        limits::TTL_PERIOD_SECS_MIN..=limits::TTL_PERIOD_SECS_MAX => Ok(Some(secs)),
        _ => Err(Fault::ttl_period_invalid()),
    }
}

fn current(tx: &mut Tx<'_>, owner: UserId, with: UserId) -> Result<Option<i32>, StoreError> {
    Ok(dialogs::get(tx, owner, with.into())?.and_then(|dialog| dialog.ttl_period))
}

fn default_of(tx: &mut Tx<'_>, owner: UserId) -> Result<Option<i32>, StoreError> {
    let Some(bytes) = settings::get(tx, owner, DEFAULT)? else { return Ok(None) };
    let bytes = bytes.try_into().map_err(|_| StoreError::corrupt("settings", DEFAULT))?;
    Ok(Some(i32::from_be_bytes(bytes)))
}

/// Sets the timer on both sides and writes the notice of it, which itself stays. `auto` is whose default
/// it is, when nobody set it by hand. Gives what happened in the box of `by`.
fn change(
    tx: &mut Tx<'_>,
    by: UserId,
    with: UserId,
    secs: Option<i32>,
    auto: Option<UserId>,
    origin: Origin,
) -> Result<Vec<Position>, StoreError> {
    let action = Action::HistoryTtl { secs: secs.unwrap_or(0), auto };
    let notice = Draft {
        from: by,
        to: with,
        random_id: None,
        content: Content::action(&action).pack(),
        silent: true,
        reply_to: None,
        ttl: None,
        service: true,
        one_sided: false,
        origin,
    };
    let mut positions = vec![write::write(tx, &notice)?.position];
    let mut sides = vec![(by, with)];
    if by != with {
        sides.push((with, by));
    }
    sides.sort_unstable();
    for (owner, peer) in sides {
        let position = adopt(tx, owner, peer, secs, origin)?;
        if owner == by {
            positions.push(position);
        }
    }
    Ok(positions)
}

/// One side's timer, with word of it to that side's devices.
fn adopt(
    tx: &mut Tx<'_>,
    owner: UserId,
    with: UserId,
    secs: Option<i32>,
    origin: Origin,
) -> Result<Position, StoreError> {
    dialogs::touch(tx, owner, with.into())?;
    dialogs::set_ttl(tx, owner, with.into(), secs)?;
    log::append(tx, owner, event::peer_history_ttl(with.into(), secs), origin)
}
