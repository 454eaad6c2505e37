//! A client: our side of `mtproto`, somebody else's types and bookkeeping of updates.

use std::collections::BTreeMap;

use grammers_session::updates::MessageBoxes;
use grammers_tl_types::enums;
use mtproto::session::client::{ClientSession, RequestId};
use rpc::boundary::KeyRecord;

use crate::mirror::Mirror;
use crate::world::World;

/// The layer of the other library's types.
pub(crate) const LAYER: i32 = grammers_tl_types::LAYER;

/// How a call ended.
pub(crate) enum Outcome {
    Answer(Vec<u8>),
    Refused {
        code: i32,
        text: String,
        /// No earlier try of the same can have taken effect.
        certain: bool,
    },
    /// Nobody will ever know: the client was closed meanwhile.
    Unknown,
}

impl Outcome {
    /// Whether the server said no, so that nothing happened.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self, Self::Refused { certain: true, .. })
    }

    pub(crate) fn is_answer(&self) -> bool {
        matches!(self, Self::Answer(_))
    }
}

pub(crate) type Then = Box<dyn FnOnce(&mut World, usize, Outcome)>;

/// A question that was not answered yet.
pub(crate) struct Call {
    pub(crate) name: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) issued: i64,
    pub(crate) tries: u32,
    pub(crate) then: Then,
}

/// Who is at the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Connected, or trying to be.
    Online,
    /// Switched off until a step switches it on.
    Offline,
    /// Signed out, for good.
    Gone,
}

/// One device of somebody.
pub(crate) struct Device {
    pub(crate) person: usize,
    pub(crate) key: KeyRecord,
    pub(crate) session: ClientSession,
    pub(crate) presence: Presence,
    pub(crate) link: Option<u64>,
    pub(crate) reconnect_at: i64,
    /// When something came from the server, or the first question after a silence left.
    pub(crate) heard_at: i64,
    pub(crate) announced: bool,
    pub(crate) calls: BTreeMap<RequestId, Call>,
    pub(crate) retries: Vec<(i64, Call)>,
    pub(crate) boxes: Option<MessageBoxes>,
    pub(crate) mirror: Mirror,
    /// Answers that the device has to have before it listens.
    pub(crate) loading: usize,
    pub(crate) signed_in: bool,
    pub(crate) asks_difference: bool,
    pub(crate) postponed: Vec<enums::Updates>,
    /// The highest `pts` that was heard of, and since when something below it is missing.
    pub(crate) seen_pts: i32,
    pub(crate) gap_since: Option<i64>,
    /// Pushes may have been lost, so that the device can be behind without knowing.
    pub(crate) unsure: bool,
    /// When the server said that the device is signed out.
    pub(crate) signed_out_at: Option<i64>,
}

impl Device {
    pub(crate) fn new(person: usize, key: KeyRecord, session: ClientSession) -> Self {
        Self {
            person,
            key,
            session,
            presence: Presence::Online,
            link: None,
            reconnect_at: 0,
            heard_at: 0,
            announced: false,
            calls: BTreeMap::new(),
            retries: Vec::new(),
            boxes: None,
            mirror: Mirror::default(),
            loading: 0,
            signed_in: false,
            asks_difference: false,
            postponed: Vec::new(),
            seen_pts: 0,
            gap_since: None,
            unsure: false,
            signed_out_at: None,
        }
    }

    /// Pushes wait while the device is told what it missed, or what there is at all.
    pub(crate) fn postpones(&self) -> bool {
        self.asks_difference || self.loading > 0
    }

    /// Nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.presence != Presence::Online
            || (self.calls.is_empty()
                && self.retries.is_empty()
                && self.session.pending() == 0
                && !self.postpones()
                && self.gap_since.is_none())
    }

    pub(crate) fn pts(&self) -> i32 {
        self.boxes.as_ref().map_or(0, |boxes| boxes.session_state().pts)
    }

    /// Signed in, with everything there is.
    pub(crate) fn is_ready(&self) -> bool {
        self.presence == Presence::Online && self.signed_in && self.boxes.is_some() && self.loading == 0
    }
}

/// The `pts` of updates that have one.
pub(crate) fn pts_of(update: &enums::Update) -> Option<i32> {
    use enums::Update as U;
    Some(match update {
        U::NewMessage(update) => update.pts,
        U::EditMessage(update) => update.pts,
        U::DeleteMessages(update) => update.pts,
        U::ReadHistoryInbox(update) => update.pts,
        U::ReadHistoryOutbox(update) => update.pts,
        U::PinnedMessages(update) => update.pts,
        U::ReadMessagesContents(update) => update.pts,
        _ => return None,
    })
}
