//! What is checked of a client's message before anything is done with it.

use super::container::{ContainerError, Message, is_container, unfold};
use super::incoming::{Incoming, Verdict};
use super::misbehaved::PeerMisbehaved;
use super::msg_id::{Timeliness, timeliness};
use super::salts::Salts;
use super::service::{Request, RequestError, parse};
use crate::limits::UNPACKED_BYTES_MAX;
use crate::packet::encrypted::Opened;

/// A message that was checked, and what it wants.
pub(super) struct Checked<'a> {
    pub(super) msg_id: i64,
    pub(super) seq_no: i32,
    pub(super) repeat: bool,
    pub(super) request: Request<'a>,
}

/// Checks a message and all it carries, changing nothing. The flag says whether the message itself, or
/// the container around its messages, is new.
///
/// Source: MTProto, "Security guidelines", "Checking msg_id"; "Service messages about messages",
/// "Notice of ignored error message".
pub(super) fn check<'a>(
    now: i64,
    salts: &mut Salts,
    incoming: &Incoming,
    strict_order: bool,
    message: &Opened<'a>,
) -> Result<(Vec<Checked<'a>>, bool), PeerMisbehaved> {
    let outer = Message { msg_id: message.msg_id, seq_no: message.seq_no, body: message.body };
    if outer.msg_id & 3 != 0 {
        return Err(PeerMisbehaved::MsgIdParity);
    }
    match timeliness(outer.msg_id, now) {
        Timeliness::TooLow => return Err(PeerMisbehaved::MsgIdTooLow),
        Timeliness::TooHigh => return Err(PeerMisbehaved::MsgIdTooHigh),
        Timeliness::Timely => (),
    }
    if !salts.accepts(now, message.salt) {
        return Err(PeerMisbehaved::BadServerSalt);
    }
    let mut unpack_left = UNPACKED_BYTES_MAX;
    let verdict = incoming.judge(outer.msg_id, outer.seq_no);
    if !is_container(outer.body) {
        let fresh = verdict == Verdict::New;
        if fresh && strict_order && incoming.state_of_missing(outer.msg_id) != 3 {
            return Err(PeerMisbehaved::Reordered);
        }
        return Ok((vec![check_one(outer, verdict, &mut unpack_left)?], fresh));
    }

    if let Verdict::Repeat(seen) = verdict {
        return Err(if seen.container {
            PeerMisbehaved::Replayed
        } else {
            PeerMisbehaved::ContainerIdReused
        });
    }
    unless_misplaced(verdict)?;
    if strict_order && incoming.state_of_missing(outer.msg_id) != 3 {
        return Err(PeerMisbehaved::Reordered);
    }
    let messages = unfold(outer).map_err(PeerMisbehaved::InvalidContainer)?;
    let mut checked = Vec::with_capacity(messages.len());
    for message in messages {
        if message.msg_id & 3 != 0 {
            return Err(PeerMisbehaved::MsgIdParity);
        }
        let verdict = incoming.judge(message.msg_id, message.seq_no);
        checked.push(check_one(message, verdict, &mut unpack_left)?);
    }
    check_order(&checked, outer.seq_no)?;
    Ok((checked, true))
}

fn unless_misplaced(verdict: Verdict) -> Result<(), PeerMisbehaved> {
    match verdict {
        Verdict::New | Verdict::Repeat(_) => Ok(()),
        Verdict::Forgotten => Err(PeerMisbehaved::TooOld),
        Verdict::SeqNoTooLow => Err(PeerMisbehaved::SeqNoTooLow),
        Verdict::SeqNoTooHigh => Err(PeerMisbehaved::SeqNoTooHigh),
    }
}

fn check_one<'a>(
    message: Message<'a>,
    verdict: Verdict,
    unpack_left: &mut usize,
) -> Result<Checked<'a>, PeerMisbehaved> {
    unless_misplaced(verdict)?;
    let request = parse(message.body, unpack_left).map_err(|error| match error {
        RequestError::Malformed(error) => PeerMisbehaved::Malformed(error),
        RequestError::TooManyIds { count } => PeerMisbehaved::TooManyIds { count },
        RequestError::TooMuchPacked => PeerMisbehaved::TooMuchPacked,
        RequestError::Nested => PeerMisbehaved::InvalidContainer(ContainerError::Nested),
    })?;
    // An odd number on an acknowledgement or container (code 34) is let pass: mtcute numbers the containers
    // of its acknowledgements so, and a notice would make it begin anew for ever.
    match (request.content_related(), message.seq_no & 1 == 1) {
        (Some(true), false) => Err(PeerMisbehaved::OddSeqNoExpected),
        _ => Ok(Checked {
            msg_id: message.msg_id,
            seq_no: message.seq_no,
            repeat: matches!(verdict, Verdict::Repeat(_)),
            request,
        }),
    }
}

/// The rule of sequence numbers among the messages of one container, and against its own.
fn check_order(checked: &[Checked<'_>], container_seq_no: i32) -> Result<(), PeerMisbehaved> {
    let mut numbers: Vec<(i64, i32)> =
        checked.iter().map(|message| (message.msg_id, message.seq_no)).collect();
    numbers.sort_unstable();
    let clash = |pair: &[(i64, i32)]| {
        let (before, after) = (pair[0].1, pair[1].1);
        before > after || (before == after && after & 1 == 1)
    };
    let highest = numbers.last().map(|(_, seq_no)| *seq_no);
    if numbers.windows(2).any(clash) || highest.is_some_and(|highest| highest > container_seq_no) {
        return Err(PeerMisbehaved::SeqNoTooLow);
    }
    Ok(())
}
